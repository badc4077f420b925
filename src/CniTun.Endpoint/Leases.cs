using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint;

/// <summary>The lease store as the commands see it: what goes wrong there is told in the runtime's terms.</summary>
internal sealed class Leases : IDisposable
{
    private readonly string directory;
    private readonly LeaseStore store;

    private Leases(string directory, LeaseStore store)
    {
        this.directory = directory;
        this.store = store;
    }

    public static Leases Open(string dataDirectory, string network) =>
        Translated(dataDirectory, () => new Leases(dataDirectory, LeaseStore.Open(dataDirectory, network)));

    /// <summary>Opens the leases if there are any, without making anything.</summary>
    public static Leases? TryOpen(string dataDirectory, string network) =>
        Translated(dataDirectory, () => LeaseStore.TryOpen(dataDirectory, network) is { } store ? new Leases(dataDirectory, store) : null);

    /// <summary>Notes the attachment before anything is made for it.</summary>
    /// <exception cref="CniException">Code 4: the container id is too long. Code 102.</exception>
    public void Begin(Attachment attachment)
    {
        try
        {
            Translated(directory, () =>
            {
                store.Begin(attachment);
                return true;
            });
        }
        catch (ArgumentException tooLong)
        {
            throw new CniException(
                CniErrorCode.InvalidEnvironment,
                $"CNI_CONTAINERID has {attachment.ContainerId.Length} characters",
                "with CNI_IFNAME it may have 254 at most",
                tooLong);
        }
    }

    /// <summary>Leases one address from each set.</summary>
    /// <exception cref="CniException">Code 101: a set is exhausted; what was leased before it stays for the caller to release.</exception>
    public IReadOnlyList<Lease> Allocate(Attachment attachment, string networkNamespace, NetworkSettings settings) =>
        [.. settings.RangeSets.Select(set =>
            Translated(directory, () => store.Allocate(attachment, networkNamespace, set))
                ?? throw EndpointErrors.PoolExhausted(settings.Name, set))];

    public IReadOnlyList<Lease> Find(Attachment attachment) => Translated(directory, () => store.Find(attachment));

    public void Release(Attachment attachment) => Translated(directory, () =>
    {
        store.Release(attachment);
        return true;
    });

    public void Dispose() => store.Dispose();

    private static T Translated<T>(string directory, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (LinuxException failure)
        {
            throw EndpointErrors.LeaseStoreFailed(directory, failure);
        }
    }
}
