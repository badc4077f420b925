using CniTun.Tunnel.Offloading;

namespace CniTun.Tunnel.Control;

/// <summary>What an operator says of a tunnel before it starts, and cannot change afterwards but for the port.</summary>
public sealed record TunnelOptions
{
    /// <summary>The most packet threads; more than any host needs to fill its network.</summary>
    public const int MaxQueues = 16;

    /// <summary>Gets the TUN's name, at most 15 bytes.</summary>
    public required string Interface { get; init; }

    /// <summary>Gets the UDP port; 0 lets the kernel choose.</summary>
    public ushort ListenPort { get; init; }

    /// <summary>Gets how many packet threads there are, each with a queue of the TUN and a socket.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Gets a value indicating whether packet threads look for packets for a while before they sleep.</summary>
    public bool Spins { get; init; } = true;

    /// <summary>Gets the offloads that are not to be used.</summary>
    public IReadOnlyList<OffloadKind> Without { get; init; } = [];
}
