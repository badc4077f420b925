namespace CniTun.Tunnel.Peers;

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
