using CniTun.Linux.Netlink;

namespace CniTun.Agent.Desired;

/// <summary>The routes that the agent wants in the main table, all with protocol 199 by which it knows its own.</summary>
/// <remarks>
/// A pod CIDR of another node leads into the tunnel. Every pod CIDR, our own too, also leads nowhere at a metric that only counts when
/// nothing better is there: while the tunnel or the bridge is missing, pods' packets are refused instead of leaking out by the default route.
/// </remarks>
internal static class PodRoutes
{
    /// <summary>Ours: what marks a route as made by the agent (RTPROT_*; the kernel and the known daemons use others).</summary>
    public const byte RTPROT_CNITUN = 199;

    // linux/rtnetlink.h.
    public const uint RT_TABLE_MAIN = 254;
    public const byte RTN_UNICAST = 1;
    public const byte RTN_UNREACHABLE = 7;

    public const uint TunnelMetric = 1024;
    public const uint GuardMetric = 1_000_000;

    /// <summary>Gets what refuses packets to pods that cannot be reached.</summary>
    public static IEnumerable<Route> Guards(DesiredState desired) =>
        desired.OwnPodCidrs.Concat(desired.RemotePodCidrs).Select(prefix => new Route
        {
            Destination = prefix,
            Type = RTN_UNREACHABLE,
            Protocol = RTPROT_CNITUN,
            Priority = GuardMetric,
        });

    /// <summary>Gets what leads into the tunnel, with the MTU of the path where that is less than the interface's.</summary>
    public static IEnumerable<Route> ThroughTunnel(DesiredState desired, int tunnelIndex) =>
        desired.RemotePodCidrs.Select(prefix => new Route
        {
            Destination = prefix,
            InterfaceIndex = tunnelIndex,
            Protocol = RTPROT_CNITUN,
            Priority = TunnelMetric,
            MtuBytes = desired.RemoteMtuBytes.TryGetValue(prefix, out var bytes) && bytes < desired.MtuBytes ? (uint)bytes : 0,
        });
}
