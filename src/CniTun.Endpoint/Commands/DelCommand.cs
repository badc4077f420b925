using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Ipam;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Commands;

/// <summary>
/// Detaches a container: the veth pair first, its addresses last, so that none is given out again while anything still has it.
/// </summary>
/// <remarks>What is gone already is no error; DEL may be called twice, for a container never added, and after its namespace vanished.</remarks>
internal sealed class DelCommand(CniRequest request, bool mayFork)
{
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var dataDirectory = NetworkSettings.DataDirectoryOf(configuration);
        using var host = RouteNetlink.Open();
        using var removal = LinkRemoval.Open(mayFork);
        using var store = AttachmentStore.TryOpen(dataDirectory, request.NetworkName);
        using var masquerade = configuration.IpMasq ? Masquerade.Open(request.NetworkName) : null;
        masquerade?.Remove(attachment, KnownAddresses(configuration, store));
        var deleted = new HostEnd(host, attachment).Find() is { } link && removal.Delete(link, masquerade?.Netlink);
        if (!deleted)
        {
            DeleteInside();
        }

        AddressManagement.Delegate(request, configuration)?.Release();
        if (store?.Release(attachment) == false && deleted)
        {
            // There was an interface and no record of it: somebody removed that, and the leases are to be searched for.
            store.ReleaseUnrecorded(attachment);
        }
    }

    /// <summary>Gets the container's addresses from its leases, or else from the result of ADD; empty if neither says any.</summary>
    private Cidr[] KnownAddresses(NetworkConfiguration configuration, AttachmentStore? store)
    {
        var leased = (store?.Find(attachment) ?? []).Select(lease => lease.Address).ToArray();
        return leased.Length > 0 || configuration.PrevResult is not { } result
            ? leased
            : [.. PreviousResult.AddressesOf(result, attachment.InterfaceName)];
    }

    /// <summary>Removes an interface whose host end has not our name: one that the reference plugin made before the network was handed to us.</summary>
    private void DeleteInside()
    {
        using var pod = PodNamespace.TryOpen(request.Arguments.NetworkNamespace);
        using var netlink = pod?.OpenNetlink();
        if (netlink?.Links.Find(attachment.InterfaceName) is { Kind: "veth" })
        {
            netlink.Links.Delete(attachment.InterfaceName);
        }
    }
}
