using CniTun.Addresses;
using CniTun.Agent.Nodes;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Agent.Desired;

/// <summary>What this host knows of the network between the nodes at one moment.</summary>
/// <param name="PathMtuBytes">For each address of a peer that a route leads to: the MTU on the way, as far as the host knows.</param>
/// <param name="LinkMtuBytes">For the same: the MTU of the route, or else of its interface, whatever the host learnt of the way since.</param>
/// <param name="DefaultMtuBytes">The MTU of the default route's way; null without one.</param>
internal sealed record Underlay(IReadOnlyDictionary<IpAddress, int> PathMtuBytes, IReadOnlyDictionary<IpAddress, int> LinkMtuBytes, int? DefaultMtuBytes)
{
    /// <summary>Asks the kernel.</summary>
    public static Underlay Read(RouteNetlink netlink, IReadOnlyList<Node> remotes)
    {
        var linkMtus = netlink.Links.List().ToDictionary(link => link.Index, link => link.MtuBytes);
        var paths = new Dictionary<IpAddress, int>();
        var configured = new Dictionary<IpAddress, int>();
        foreach (var endpoint in remotes.SelectMany(node => node.Endpoints))
        {
            var address = endpoint.Address;
            if (!paths.ContainsKey(address) && TryLookup(netlink, address, asConfigured: false) is { } route && MtuOf(route, linkMtus) is { } mtu)
            {
                paths.Add(address, mtu);

                // Without an interface of its own: a route with several hops.
                var asConfigured = TryLookup(netlink, address, asConfigured: true) ?? route;
                configured.Add(address, MtuOf(asConfigured, linkMtus) ?? MtuOf(route with { MtuBytes = 0 }, linkMtus) ?? mtu);
            }
        }

        var defaultMtu = netlink.Routes.List()
            .Where(route => route is { Destination.PrefixLength: 0, Table: PodRoutes.RT_TABLE_MAIN, InterfaceIndex: > 0, Type: PodRoutes.RTN_UNICAST })
            .OrderBy(route => route.Destination.Address.IsIPv6)
            .ThenBy(route => route.Priority)
            .Select(route => MtuOf(route, linkMtus))
            .FirstOrDefault();
        return new Underlay(paths, configured, defaultMtu);
    }

    private static int? MtuOf(Route route, Dictionary<int, int> linkMtus) =>
        route.MtuBytes > 0 ? (int)route.MtuBytes
        : linkMtus.TryGetValue(route.InterfaceIndex, out var mtu) ? mtu
        : null;

    private static Route? TryLookup(RouteNetlink netlink, IpAddress address, bool asConfigured)
    {
        try
        {
            return netlink.Routes.Lookup(address, asConfigured);
        }
        catch (LinuxException refused) when (refused.Errno is Errno.EINVAL or Errno.EACCES or Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP)
        {
            // A blackhole, a prohibiting rule, or a family that this kernel does not speak.
            return null;
        }
    }
}
