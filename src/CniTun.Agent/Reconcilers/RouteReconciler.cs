using CniTun.Agent.Logging;
using CniTun.Linux;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

using static CniTun.Agent.Desired.PodRoutes;

namespace CniTun.Agent.Reconcilers;

/// <summary>Keeps the agent's routes in the main table: what is missing is added, what is no longer wanted goes. Others' routes stay.</summary>
internal sealed class RouteReconciler(ILogger logger)
{
    /// <summary>Makes the routes of one kind exactly the wanted ones.</summary>
    /// <param name="netlink">The namespace.</param>
    /// <param name="kind">RTN_UNICAST or RTN_UNREACHABLE.</param>
    /// <param name="wanted">Of that kind, with our protocol.</param>
    /// <exception cref="LinuxException">EEXIST: somebody else has a route to one of the prefixes with our metric.</exception>
    public void Reconcile(RouteNetlink netlink, byte kind, IEnumerable<Route> wanted)
    {
        var present = netlink.Routes.List()
            .Where(route => route.Protocol == RTPROT_CNITUN && route.Table == RT_TABLE_MAIN && route.Type == kind)
            .ToHashSet(SameRoute.Instance);
        var wantedSet = wanted.ToHashSet(SameRoute.Instance);

        // One whose MTU alone is another is changed in its place: not for a moment does the guard behind it refuse packets.
        var byKey = present.DistinctBy(KeyOf).ToDictionary(KeyOf);
        var changed = wantedSet.Except(present, SameRoute.Instance).Where(route => byKey.ContainsKey(KeyOf(route))).ToList();
        var replaced = changed.Select(KeyOf).ToHashSet();

        // First away with the old, which may stand where the new should go.
        foreach (var route in present.Except(wantedSet, SameRoute.Instance).Where(route => !replaced.Contains(KeyOf(route))))
        {
            netlink.Routes.Delete(route);
            logger.RouteRemoved(Describe(route), route.Destination);
        }

        foreach (var route in changed)
        {
            netlink.Routes.Replace(route);
            logger.RouteMtuChanged(Describe(route), route.Destination, route.MtuBytes, byKey[KeyOf(route)].MtuBytes);
        }

        foreach (var route in wantedSet.Except(present, SameRoute.Instance).Except(changed, SameRoute.Instance))
        {
            netlink.Routes.Add(route);
            logger.RouteAdded(Describe(route), route.Destination);
        }
    }

    private static Route KeyOf(Route route) => new()
    {
        Destination = route.Destination,
        InterfaceIndex = route.Type == RTN_UNICAST ? route.InterfaceIndex : 0,
        Gateway = route.Gateway,
        Priority = route.Priority,
    };

    private static string Describe(Route route) => route.Type == RTN_UNREACHABLE ? "guard (unreachable) for" : "route through the tunnel to";

    /// <summary>Compares what the agent decides of a route, not what the kernel fills in: an IPv6 unreachable route names loopback.</summary>
    private sealed class SameRoute : IEqualityComparer<Route>
    {
        public static readonly SameRoute Instance = new();

        public bool Equals(Route? x, Route? y) => x is not null && y is not null && Key(x) == Key(y);

        public int GetHashCode(Route route) => Key(route).GetHashCode();

        private static (Addresses.Cidr, byte, int, uint, Addresses.IpAddress?, uint) Key(Route route) => (
            route.Destination,
            route.Type,
            route.Type == RTN_UNICAST ? route.InterfaceIndex : 0,
            route.Priority,
            route.Gateway,
            route.MtuBytes);
    }
}
