using CniTun.Addresses;
using CniTun.Tunnel.Paths;
using CniTun.Uapi;

namespace CniTun.Tunnel.Peers;

/// <summary>One peer as one <see cref="PeerTable"/> knows it. Never changes: a new setting is a new object in a new table.</summary>
public sealed class Peer(PublicKey key, IpEndpoint? endpoint, IReadOnlyList<Cidr> allowedIps, PeerTraffic traffic, PeerPath? path = null)
{
    public PublicKey Key { get; } = key;

    /// <summary>Gets where its datagrams go to and come from; null if nobody said.</summary>
    public IpEndpoint? Endpoint { get; } = endpoint;

    /// <summary>Gets its prefixes, in order; no two peers of a table have the same.</summary>
    public IReadOnlyList<Cidr> AllowedIps { get; } = allowedIps;

    /// <summary>Gets its byte counts, which the peers of the same key in older and newer tables share.</summary>
    public PeerTraffic Traffic { get; } = traffic;

    /// <summary>Gets what is known of the path, which the peers of the same key and endpoint in older and newer tables share.</summary>
    public PeerPath Path { get; } = path ?? new PeerPath(endpoint is { Address.IsIPv6: true });
}

/// <summary>A peer's byte counts, which outlive every change to its settings. Written and read by any thread.</summary>
public sealed class PeerTraffic
{
    // A cache line (64 bytes) for each direction.
    private const int SentAt = 8;
    private const int ReceivedAt = 16;
    private readonly long[] bytes = new long[24];

    public long SentBytes => Volatile.Read(ref bytes[SentAt]);

    public long ReceivedBytes => Volatile.Read(ref bytes[ReceivedAt]);

    internal void AddSent(int count) => Interlocked.Add(ref bytes[SentAt], count);

    internal void AddReceived(int count) => Interlocked.Add(ref bytes[ReceivedAt], count);
}
