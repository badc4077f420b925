using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Addressing;

/// <summary>The lease store as the commands see it: what goes wrong there is told in the runtime's terms.</summary>
internal sealed class AttachmentStore : IDisposable
{
    private readonly string directory;
    private readonly LeaseStore store;

    private AttachmentStore(string directory, LeaseStore store)
    {
        this.directory = directory;
        this.store = store;
    }

    public static AttachmentStore Open(string dataDirectory, string network) =>
        Translated(dataDirectory, () => new AttachmentStore(dataDirectory, LeaseStore.Open(dataDirectory, network)));

    /// <summary>Opens the store if there is one, without making anything.</summary>
    public static AttachmentStore? TryOpen(string dataDirectory, string network) =>
        Translated(dataDirectory, () => LeaseStore.TryOpen(dataDirectory, network) is { } store ? new AttachmentStore(dataDirectory, store) : null);

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

    /// <summary>Saves what the host does for an attachment, before it does it.</summary>
    /// <returns>What was saved before, by an ADD that was killed; null if nothing was.</returns>
    public EndpointRecord? SaveEndpoint(Attachment attachment, EndpointRecord record) =>
        Translated(directory, () => EndpointRecord.FromFile(store.Records.SaveEndpoint(attachment, record.ToFile(attachment))));

    /// <inheritdoc cref="AttachmentRecords.TakeEndpoint"/>
    public EndpointRecord? TakeEndpoint(Attachment attachment) => Translated(directory, () => EndpointRecord.FromFile(store.Records.TakeEndpoint(attachment)));

    /// <returns>Null if every address of the set is leased.</returns>
    public Lease? Allocate(Attachment attachment, string networkNamespace, RangeSet set) =>
        Translated(directory, () => store.Allocate(attachment, networkNamespace, set));

    /// <returns>Null if the address is leased to another.</returns>
    public Lease? Claim(Attachment attachment, string networkNamespace, RangeSet set, IpAddress address) =>
        Translated(directory, () => store.Claim(attachment, networkNamespace, set, address));

    public IReadOnlyList<Lease> Find(Attachment attachment) => Translated(directory, () => store.Find(attachment));

    public IReadOnlyList<Attachment> Attachments() => Translated(directory, store.Attachments);

    /// <summary>Does something once in the life of the store.</summary>
    public void Once(string what, Action action) => Translated(directory, () =>
    {
        store.Once(what, action);
        return true;
    });

    /// <summary>Tells whether any lease of any network in the directory has the address as its gateway.</summary>
    public bool IsGateway(IpAddress address) => Translated(directory, () => LeaseStore.Networks(directory).Any(network =>
    {
        using var other = LeaseStore.TryOpen(directory, network);
        return other?.List().Any(lease => lease.Gateway == address) == true;
    }));

    public bool HasFree(RangeSet set) => Translated(directory, () => store.HasFree(set));

    /// <exception cref="CniException">Code 50: nothing can be written.</exception>
    public void EnsureWritable()
    {
        try
        {
            store.EnsureWritable();
        }
        catch (LinuxException failure)
        {
            throw EndpointErrors.NotReady(failure.Message, $"the leases in {directory} cannot be written");
        }
    }

    /// <returns>False if there was no record of the attachment.</returns>
    public bool Release(Attachment attachment) => Translated(directory, () => store.Release(attachment));

    /// <summary>Frees the leases of an attachment whose record was lost.</summary>
    public void ReleaseUnrecorded(Attachment attachment) => Translated(directory, () =>
    {
        store.ReleaseUnrecorded(lease => lease.Attachment == attachment);
        return true;
    });

    /// <summary>Frees the leases of all attachments whose record was lost, but for those that are valid.</summary>
    public void ReleaseUnrecorded(IReadOnlySet<Attachment> valid) => Translated(directory, () =>
    {
        store.ReleaseUnrecorded(lease => !valid.Contains(lease.Attachment));
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
