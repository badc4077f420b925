using CniTun.Addresses;

namespace CniTun.Tunnel.Packets;

/// <summary>Sends what answers a datagram, past everything that waits to be sent.</summary>
public interface IReplySender
{
    /// <summary>Sends one datagram from the port that it answers for. It may be lost.</summary>
    void Reply(ReadOnlySpan<byte> datagram, in IpEndpoint destination);
}
