using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>One datagram to send: where to, and where it lies in the loop's buffer.</summary>
public readonly record struct Send(Peer Peer, int Offset, int Length);

/// <summary>
/// What the outbound core tells its loop to do, in order. Allocated once and used again for each round; belongs to one thread.
/// </summary>
public sealed class SendBatch(int capacity)
{
    private readonly Send[] sends = new Send[capacity];
    private int count;

    /// <summary>Gets a value indicating whether another packet might find no room.</summary>
    public bool IsFull => count == sends.Length;

    /// <summary>Gets what is to be sent; good until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<Send> Sends => sends.AsSpan(0, count);

    public void Add(in Send send) => sends[count++] = send;

    public void Clear() => count = 0;
}
