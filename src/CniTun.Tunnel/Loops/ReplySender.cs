using CniTun.Addresses;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Sends answers from the socket that they answer for.</summary>
internal sealed class ReplySender(UdpSocket socket) : IReplySender
{
    public void Reply(ReadOnlySpan<byte> datagram, in IpEndpoint destination) => _ = socket.Send(datagram, destination);
}
