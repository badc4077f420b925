using CniTun.Addresses;

namespace CniTun.Agent.Desired;

/// <summary>How many bytes a packet inside the tunnel may have.</summary>
/// <remarks>
/// The tunnel's interface takes what the widest way out of this host carries, so that one bad path does not slow the others: the route to
/// each node's pods says what its own path carries, and the kernel tells senders (ICMP). Pods get the smallest, so that hardly any of
/// them need be told.
/// </remarks>
internal static class TunnelMtu
{
    /// <summary>What IPv6 needs of any link (RFC 8200, section 5): with less the kernel switches IPv6 off on it.</summary>
    public const int LeastForIPv6 = 1280;

    /// <summary>The usual MTU of Ethernet, for a node that has neither peers nor a default route.</summary>
    private const int EthernetMtuBytes = 1500;

    /// <summary>The most that fits into one UDP datagram, on a path (loopback) that would take more.</summary>
    private const int MaxUdpPayloadBytes = 65_507;

    /// <summary>Gets the outer headers' size in bytes: IPv4 (20) or IPv6 (40), and UDP (8).</summary>
    public static int OverheadBytes(IpAddress endpoint) => endpoint.IsIPv6 ? 48 : 28;

    /// <summary>Gets what the interface should take: the most that this host's routes let out to any peer.</summary>
    public static int OfInterface(IReadOnlyList<DesiredPeer> peers, Underlay underlay) =>
        peers.Max(peer => OfRoute(peer, underlay)) ?? WithoutPeers(underlay);

    /// <summary>Gets what pods should get: the least of what probes have shown, or routes say where they have shown nothing.</summary>
    /// <remarks>What a single path carries does not make pods lose IPv6, nor does a search that is under way change them.</remarks>
    public static int OfPods(IReadOnlyList<DesiredPeer> peers, Underlay underlay, MeasuredPaths measured)
    {
        var byRoutes = peers.Min(peer => OfRoute(peer, underlay)) ?? WithoutPeers(underlay);
        var byPaths = peers.Min(peer => Find(peer, measured) is { IsComplete: true } ? OfPath(peer, underlay, measured) : OfRoute(peer, underlay)) ?? byRoutes;
        return Math.Max(byPaths, Math.Min(LeastForIPv6, byRoutes));
    }

    /// <summary>Gets what the path to one peer carries at this moment; null if no way leads there.</summary>
    public static int? OfPath(DesiredPeer peer, Underlay underlay, MeasuredPaths measured)
    {
        // Of what is not shown yet, the more careful belief.
        var route = OfRoute(peer, underlay);
        return Find(peer, measured) is not { } path ? route
            : Inside(path.MtuBytes, peer) is var bytes && path.IsComplete ? bytes
            : Math.Min(bytes, route ?? bytes);
    }

    private static MeasuredPath? Find(DesiredPeer peer, MeasuredPaths measured) =>
        peer.Endpoint is { } endpoint ? measured.Find(peer.PublicKey, endpoint) : null;

    private static int? OfRoute(DesiredPeer peer, Underlay underlay) =>
        peer.Endpoint is { } endpoint ? Inside(underlay.PathMtuBytes[endpoint.Address], peer) : null;

    private static int Inside(int outerBytes, DesiredPeer peer) =>
        Math.Min(MaxUdpPayloadBytes, outerBytes - OverheadBytes(peer.Endpoint!.Value.Address));

    /// <summary>What the first peer will probably be reached by.</summary>
    private static int WithoutPeers(Underlay underlay) => Math.Min(MaxUdpPayloadBytes, (underlay.DefaultMtuBytes ?? EthernetMtuBytes) - 28);
}
