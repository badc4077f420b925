using CniTun.Addresses;

namespace CniTun.Agent.Desired;

/// <summary>How many bytes a packet inside the tunnel may have.</summary>
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

    /// <summary>Gets what every peer's path carries.</summary>
    /// <param name="endpoints">Where peers are reached.</param>
    /// <param name="underlay">The paths to them.</param>
    public static int Smallest(IEnumerable<IpEndpoint> endpoints, Underlay underlay)
    {
        var smallest = int.MaxValue;
        foreach (var endpoint in endpoints)
        {
            smallest = Math.Min(smallest, underlay.PathMtuBytes[endpoint.Address] - OverheadBytes(endpoint.Address));
        }

        // Without peers: what the first one will probably be reached by.
        return Math.Min(MaxUdpPayloadBytes, smallest < int.MaxValue ? smallest : (underlay.DefaultMtuBytes ?? EthernetMtuBytes) - 28);
    }
}
