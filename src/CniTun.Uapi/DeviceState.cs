using CniTun.Addresses;

namespace CniTun.Uapi;

/// <summary>The tunnel as it is: what a <c>get=1</c> request answers.</summary>
public sealed record DeviceState
{
    /// <summary>Gets the node's private key; null while none is set.</summary>
    public SecretKey? PrivateKey { get; init; }

    /// <summary>Gets the UDP port that the tunnel listens on.</summary>
    public ushort ListenPort { get; init; }

    /// <summary>Gets the mark (SO_MARK) on the tunnel's own datagrams; 0 for none.</summary>
    public uint Fwmark { get; init; }

    public IReadOnlyList<PeerState> Peers { get; init; } = [];

    /// <summary>Gets our own counters: packets by direction, drops by direction and reason. WireGuard's API has none.</summary>
    public IReadOnlyList<Counter> Counters { get; init; } = [];

    /// <summary>Gets what the kernel may do for many packets at once, and whether it does.</summary>
    public IReadOnlyList<Offload> Offloads { get; init; } = [];
}

/// <summary>One peer as it is.</summary>
public sealed record PeerState
{
    public required PublicKey PublicKey { get; init; }

    /// <summary>Gets where datagrams for the peer go; null if nobody said.</summary>
    public IpEndpoint? Endpoint { get; init; }

    /// <summary>Gets seconds between keepalives; 0 for none.</summary>
    public ushort PersistentKeepaliveSeconds { get; init; }

    /// <summary>Gets when the last handshake was complete; null if none was, so always null in plain mode.</summary>
    public DateTimeOffset? LastHandshake { get; init; }

    /// <summary>Gets the bytes of UDP payload received from the peer and accepted.</summary>
    public long RxBytes { get; init; }

    /// <summary>Gets the bytes of UDP payload sent to the peer.</summary>
    public long TxBytes { get; init; }

    /// <summary>Gets the prefixes that are routed to the peer and that it may send from.</summary>
    public IReadOnlyList<Cidr> AllowedIps { get; init; } = [];

    /// <summary>Gets how many bytes an IP packet to the peer may have outside the tunnel; null before anything is known.</summary>
    public int? PathMtuBytes { get; init; }

    /// <summary>Gets how the path MTU is known: "unanswered" by the local route, "searching", or "complete" by probes; null before anything is known.</summary>
    public string? PathState { get; init; }

    /// <summary>Gets the smoothed round-trip time of probes; null if none was answered.</summary>
    public long? RoundTripMicroseconds { get; init; }

    /// <summary>Gets the shortest round-trip time of probes; null if none was answered.</summary>
    public long? LeastRoundTripMicroseconds { get; init; }

    /// <summary>Gets how many of 1000 probes were lost lately; null if none was answered.</summary>
    public int? LossPermille { get; init; }

    /// <summary>Gets how many bytes a packet has more outside the tunnel than inside: IPv4 (20) or IPv6 (40), and UDP (8).</summary>
    public static int OverheadBytes(bool isIPv6) => isIPv6 ? 48 : 28;
}

/// <summary>A number that only grows while the tunnel runs.</summary>
/// <param name="Name">Lower-case letters, digits and underscores: "out_packets", "in_drop_spoofed_source".</param>
/// <param name="Value">Never negative.</param>
public readonly record struct Counter(string Name, long Value);

/// <summary>Something that the kernel can do for many packets at once.</summary>
/// <param name="Name">Lower-case letters, digits and hyphens: "tun-tso4".</param>
/// <param name="State">"on", or "off" with a reason: "off(EINVAL)".</param>
public readonly record struct Offload(string Name, string State);
