using CniTun.Addresses;

namespace CniTun.Uapi;

/// <summary>A change to the tunnel: what a <c>set=1</c> request asks for. Null leaves a setting as it is.</summary>
/// <remarks>Applied as a whole or, if any part is refused, not at all.</remarks>
public sealed record DeviceUpdate
{
    /// <summary>Gets the node's private key; all zeros removes it.</summary>
    public SecretKey? PrivateKey { get; init; }

    /// <summary>Gets the UDP port to move to; 0 lets the kernel choose.</summary>
    public ushort? ListenPort { get; init; }

    /// <summary>Gets the mark for the tunnel's own datagrams; 0 for none.</summary>
    public uint? Fwmark { get; init; }

    /// <summary>Gets a value indicating whether every peer goes that <see cref="Peers"/> does not name.</summary>
    /// <remarks>A peer that is named again keeps its counters.</remarks>
    public bool ReplacePeers { get; init; }

    /// <summary>Gets the changes to peers, applied in this order.</summary>
    public IReadOnlyList<PeerUpdate> Peers { get; init; } = [];
}

/// <summary>A change to one peer, which is added if it is new.</summary>
public sealed record PeerUpdate
{
    public required PublicKey PublicKey { get; init; }

    /// <summary>Gets a value indicating whether the peer goes; all else is then ignored.</summary>
    public bool Remove { get; init; }

    /// <summary>Gets a value indicating whether an unknown peer is left unknown instead of being added.</summary>
    public bool UpdateOnly { get; init; }

    /// <summary>Gets the preshared key; all zeros means none, and the tunnel refuses any other: it has no encryption to mix it into.</summary>
    public SecretKey? PresharedKey { get; init; }

    public IpEndpoint? Endpoint { get; init; }

    /// <summary>Gets seconds between keepalives; the tunnel refuses all but 0, since plain mode sends none.</summary>
    public ushort? PersistentKeepaliveSeconds { get; init; }

    /// <summary>Gets a value indicating whether the peer's allowed IPs become exactly <see cref="AllowedIps"/>.</summary>
    public bool ReplaceAllowedIps { get; init; }

    /// <summary>Gets prefixes to add; one that another peer has moves to this one.</summary>
    public IReadOnlyList<Cidr> AllowedIps { get; init; } = [];
}
