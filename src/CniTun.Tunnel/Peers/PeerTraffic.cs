namespace CniTun.Tunnel.Peers;

/// <summary>A peer's byte counts, which outlive every change to its settings. Each is written by one thread and read by any.</summary>
public sealed class PeerTraffic
{
    // A cache line (64 bytes) for each direction's thread.
    private const int SentAt = 8;
    private const int ReceivedAt = 16;
    private readonly long[] bytes = new long[24];

    public long SentBytes => Volatile.Read(ref bytes[SentAt]);

    public long ReceivedBytes => Volatile.Read(ref bytes[ReceivedAt]);

    internal void AddSent(int count) => Volatile.Write(ref bytes[SentAt], bytes[SentAt] + count);

    internal void AddReceived(int count) => Volatile.Write(ref bytes[ReceivedAt], bytes[ReceivedAt] + count);
}
