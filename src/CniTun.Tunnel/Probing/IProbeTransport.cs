using CniTun.Addresses;
using CniTun.Linux.Sockets;

namespace CniTun.Tunnel.Probing;

/// <summary>How probes leave. Used by one thread.</summary>
internal interface IProbeTransport
{
    /// <summary>Sends one datagram from the tunnel's own port, never fragmented.</summary>
    /// <returns>Its length, or a negated errno. EMSGSIZE: too long for the interface.</returns>
    int Send(ReadOnlySpan<byte> datagram, in IpEndpoint destination);

    /// <summary>Asks what the local route to an address allows.</summary>
    /// <returns>Bytes of a packet, or a negated errno.</returns>
    int RouteMtuBytes(IpAddress destination);
}

/// <summary>Probes on the real network.</summary>
/// <param name="socket">The tunnel's; not to be disposed while this is in use.</param>
/// <param name="mark">That of the socket.</param>
internal sealed class UdpProbeTransport(UdpSocket socket, uint mark) : IProbeTransport
{
    public int Send(ReadOnlySpan<byte> datagram, in IpEndpoint destination) => socket.Send(datagram, destination);

    public int RouteMtuBytes(IpAddress destination) => RouteMtu.Read(destination, mark);
}
