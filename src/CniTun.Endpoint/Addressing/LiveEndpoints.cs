using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Addressing;

/// <summary>
/// Leases the addresses that containers have to those containers, for when the lease directory was lost while they live: none is given out twice.
/// </summary>
/// <remarks>
/// What there is stands in the kernel: the host end's alias says whose it is, and the far end's addresses can be asked for from here. Done once,
/// before the first lease of a directory; where there is no container, it costs one look at the list of interfaces.
/// </remarks>
internal static class LiveEndpoints
{
    /// <param name="store">Where the leases go.</param>
    /// <param name="network">Containers of other networks are passed over.</param>
    /// <param name="sets">Addresses outside of them are passed over.</param>
    public static void Adopt(LeaseStore store, string network, IReadOnlyList<RangeSet> sets)
    {
        using var host = RouteNetlink.Open();
        foreach (var link in host.Links.List())
        {
            if (link.PeerNamespaceId is { } namespaceId && EndpointNames.OwnerOf(link, network) is { } owner)
            {
                foreach (var address in AddressesOf(host, link, namespaceId))
                {
                    if (sets.FirstOrDefault(set => set.Find(address.Address.Address) is not null) is { } set)
                    {
                        store.Begin(owner);
                        _ = store.Claim(owner, string.Empty, set, address.Address.Address);
                    }
                }
            }
        }
    }

    /// <summary>None if the container ends while we look: then nothing has them any more.</summary>
    private static IReadOnlyList<InterfaceAddress> AddressesOf(RouteNetlink host, Link link, int namespaceId)
    {
        try
        {
            return host.Addresses.ListElsewhere(namespaceId, link.PeerIndex);
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENODEV or Errno.EINVAL or Errno.ENOENT)
        {
            return [];
        }
    }
}
