using CniTun.Agent.Settings;
using CniTun.Uapi;

namespace CniTun.Agent.Desired;

/// <summary>How many bytes a packet inside the tunnel may have.</summary>
/// <remarks>
/// The tunnel's interface takes what the widest way out of this host carries, and so do pods: on one bridge all must take the same, since
/// a bridge drops without a word what its port does not take. That one path is narrow is said by the route to its node's pods, and the kernel
/// tells senders (ICMP).
/// </remarks>
internal static class TunnelMtu
{
    /// <summary>What IPv6 needs of any link (RFC 8200, section 5): with less the kernel switches IPv6 off on it.</summary>
    public const int LeastForIPv6 = 1280;

    /// <summary>The usual MTU of Ethernet, for a node that has neither peers nor a default route.</summary>
    private const int EthernetMtuBytes = 1500;

    /// <summary>Gets what the interface and pods should take: the most that routes let out to any peer, as they were configured.</summary>
    /// <remarks>Not what paths turn out to carry, which changes, while pods keep what they began with. Without peers, what the first will probably be reached by.</remarks>
    public static int OfInterface(IReadOnlyList<DesiredPeer> peers, Underlay underlay) =>
        peers.Max(peer => peer.Endpoint is { } endpoint ? InnerBytes(underlay.LinkMtuBytes[endpoint.Address], endpoint.Address.IsIPv6) : (int?)null)
            ?? InnerBytes(underlay.DefaultMtuBytes ?? EthernetMtuBytes, isIPv6: false);

    /// <summary>Gets what the path to one peer carries at this moment; null if no way leads there.</summary>
    public static int? OfPath(DesiredPeer peer, Underlay underlay, MeasuredPaths measured)
    {
        if (peer.Endpoint is not { } endpoint)
        {
            return null;
        }

        // Of what is not shown yet, the more careful belief.
        var route = underlay.PathMtuBytes[endpoint.Address];
        var outerBytes = measured.Find(peer.PublicKey, endpoint) is not { } path ? route
            : path.IsComplete ? path.MtuBytes
            : Math.Min(path.MtuBytes, route);
        return InnerBytes(outerBytes, endpoint.Address.IsIPv6);
    }

    private static int InnerBytes(int outerBytes, bool isIPv6) =>
        Math.Min(SettingTable.MaxMtuBytes, outerBytes - PeerState.OverheadBytes(isIPv6));
}
