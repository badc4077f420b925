using CniTun.Addresses;
using CniTun.Linux.Buffers;

namespace CniTun.Linux.Sockets;

/// <summary>A message, and what came with it; its bytes belong to its <see cref="IncomingMessages"/>.</summary>
public record struct ReceivedMessage
{
    /// <summary>Gets where it lies; may be changed in place.</summary>
    public MemoryPiece Bytes { get; init; }

    /// <summary>Gets the sender; an IPv4 address as such on a socket for both families.</summary>
    public IpEndpoint Source { get; init; }

    /// <summary>Gets a value indicating whether its end was lost.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>Gets how long each datagram in it is, but for the last; 0 if it is one datagram.</summary>
    public int SegmentBytes { get; internal set; }

    /// <summary>Gets DSCP and ECN of the outer header; 0 if the kernel did not say.</summary>
    public byte TrafficClass { get; internal set; }
}
