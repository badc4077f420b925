namespace CniTun.Tunnel.Packets;

/// <summary>What one packet thread counts, in both directions.</summary>
public sealed class TunnelCounters
{
    /// <summary>Gets the counters of TUN to network.</summary>
    public DirectionCounters Out { get; } = new();

    /// <summary>Gets the counters of network to TUN.</summary>
    public DirectionCounters In { get; } = new();
}
