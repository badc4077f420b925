using CniTun.Addresses;

namespace CniTun.Linux.Sockets;

/// <summary>What came with a message, and where it lies in the buffer of its <see cref="IncomingMessages"/>.</summary>
public record struct ReceivedMessage
{
    public int Offset { get; init; }

    public int Length { get; init; }

    /// <summary>Gets the sender; an IPv4 address as such on a socket for both families.</summary>
    public IpEndpoint Source { get; init; }

    /// <summary>Gets a value indicating whether its end was lost.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>Gets how long each datagram in it is, but for the last; 0 if it is one datagram.</summary>
    public int SegmentBytes { get; internal set; }

    /// <summary>Gets DSCP and ECN of the outer header; 0 if the kernel did not say.</summary>
    public byte TrafficClass { get; internal set; }
}
