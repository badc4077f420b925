namespace CniTun.Tunnel.Packets;

/// <summary>
/// What became of the packets of one direction: one number for those that went through and one for each reason to drop.
/// Written by one thread, read by any.
/// </summary>
public sealed class DirectionCounters
{
    // Room on both sides, so that no two threads write to one cache line (64 bytes).
    private const int PaddingLongs = 8;
    private readonly long[] counts = new long[PaddingLongs + Drops.Count + PaddingLongs];

    /// <summary>Gets how many packets went through.</summary>
    public long Packets => this[Drop.None];

    /// <summary>Gets how many packets ended so.</summary>
    public long this[Drop drop] => Volatile.Read(ref counts[PaddingLongs + (int)drop]);

    /// <summary>Counts packets.</summary>
    public void Add(Drop drop, int packets = 1)
    {
        ref var count = ref counts[PaddingLongs + (int)drop];
        Volatile.Write(ref count, count + packets);
    }
}

/// <summary>What one packet thread counts, in both directions.</summary>
public sealed class TunnelCounters
{
    /// <summary>Gets the counters of TUN to network.</summary>
    public DirectionCounters Out { get; } = new();

    /// <summary>Gets the counters of network to TUN.</summary>
    public DirectionCounters In { get; } = new();
}
