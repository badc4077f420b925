using CniTun.Addresses;
using CniTun.Linux.Sockets;

namespace CniTun.Tunnel.Probing;

/// <summary>Probes on the real network.</summary>
/// <param name="socket">The tunnel's; not to be disposed while this is in use.</param>
/// <param name="mark">That of the socket.</param>
internal sealed class UdpProbeTransport(UdpSocket socket, uint mark) : IProbeTransport
{
    public int Send(ReadOnlySpan<byte> datagram, in IpEndpoint destination) => socket.Send(datagram, destination);

    public int RouteMtuBytes(IpAddress destination) => RouteMtu.Read(destination, mark);
}
