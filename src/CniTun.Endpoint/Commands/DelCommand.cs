using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Commands;

/// <summary>
/// Detaches a container: the packet filter forgets it, the veth pair goes, its addresses last, so that none is given out again while anything
/// still has it.
/// </summary>
/// <remarks>
/// <para>What is gone already is no error; DEL may be called twice, for a container never added, and after its namespace vanished.</para>
/// <para>What the configuration says of masquerading and the like is not asked: it may be another than at ADD.</para>
/// </remarks>
internal sealed class DelCommand(CniRequest request, bool mayFork)
{
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var dataDirectory = NetworkSettings.DataDirectoryOf(configuration);
        using var host = RouteNetlink.Open();
        using var removal = LinkRemoval.Open(mayFork);
        using var firewall = NodeFirewall.Open(request.NetworkName, dataDirectory);
        var link = new HostEnd(host, attachment).Find(request.NetworkName);
        LeaseStore? store = null;
        bool deleted;
        try
        {
            store = LeaseStore.TryOpen(dataDirectory, request.NetworkName);

            // First of all: while the record is there, others may put back what it says.
            var record = EndpointRecord.FromFile(store?.Records.TakeEndpoint(attachment));
            firewall.SpoofCheck.Remove(attachment, record?.HeldTo);
            firewall.Masquerade.Remove(attachment, KnownAddresses(configuration, store, record));
        }
        finally
        {
            // Whatever fails: a container that is to go shall not stay connected. Then, as the firewall's socket is slow to close: see there.
            deleted = link is not null && removal.Delete(link, firewall.Netlink);
        }

        using (store)
        {
            if (!deleted)
            {
                DeleteInside(host, configuration);
            }

            AddressManagement.Delegate(request, configuration)?.Release();
            if (store?.Release(attachment) == false && deleted)
            {
                // There was an interface and no record of it: somebody removed that, and the leases are to be searched for.
                store.ReleaseUnrecorded(lease => lease.Attachment == attachment);
            }
        }
    }

    /// <summary>Gets the container's addresses from its record, its leases, or else from the result of ADD; empty if none says any.</summary>
    private Cidr[] KnownAddresses(NetworkConfiguration configuration, LeaseStore? store, EndpointRecord? record)
    {
        if (record is { Masqueraded.Count: > 0 })
        {
            return [.. record.Masqueraded];
        }

        var leased = (store?.Find(attachment) ?? []).Select(lease => lease.Address).ToArray();
        return leased.Length > 0 || configuration.PrevResult is not { } result
            ? leased
            : [.. PreviousResult.AddressesOf(result, attachment.InterfaceName)];
    }

    /// <summary>
    /// Removes an interface whose host end has not our name: one that the reference plugin made before the network was handed to us. The path of the
    /// namespace may lead to that of another container by now, so what is not known to be of this network stays.
    /// </summary>
    private void DeleteInside(RouteNetlink host, NetworkConfiguration configuration)
    {
        using var pod = PodNamespace.TryOpen(request.Arguments.NetworkNamespace);
        using var netlink = pod?.OpenNetlink();
        if (netlink?.Links.Find(attachment.InterfaceName) is { Kind: "veth" } link && IsReferencePair(host, link, configuration))
        {
            using var removal = pod!.Run(() => LinkRemoval.Open(mayFork));
            removal.Delete(link);
        }
    }

    /// <summary>
    /// Tells whether the reference plugin made an interface for this network: its other end is at the host, where it hangs on the network's bridge, or
    /// on none and without an address, as when the bridge was removed; and the result of ADD, if we have it, says no other MAC.
    /// </summary>
    private bool IsReferencePair(RouteNetlink host, Link inside, NetworkConfiguration configuration)
    {
        if (host.Links.Find(inside.PeerIndex) is not { Kind: "veth", PeerNamespaceId: not null } end
            || end.PeerIndex != inside.Index
            || EndpointNames.IsHostVeth(end.Name))
        {
            return false;
        }

        var isOfNetwork = end.MasterIndex == 0
            ? end.Name.StartsWith("veth", StringComparison.Ordinal) && host.Addresses.List(end).All(address => HostBridge.LinkLocal.Contains(address.Address.Address))
            : host.Links.Find(end.MasterIndex)?.Name == (configuration.Bridge ?? NetworkSettings.DefaultBridge);
        var made = configuration.PrevResult is { } result ? PreviousResult.InterfaceOf(result, attachment.InterfaceName) : null;
        return isOfNetwork && (made?.Mac is not { Length: > 0 } mac || string.Equals(mac, inside.Mac?.ToString(), StringComparison.OrdinalIgnoreCase));
    }
}
