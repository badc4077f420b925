using System.Net;
using System.Net.Sockets;
using CniTun.Addresses;
using CniTun.Tunnel.Tests.Packets;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>
/// A peer of the left node that is no CniTun: a plain socket on the underlay, which takes and sends one packet a datagram and knows
/// nothing of offloads or probes. Its pods have 10.7.0.0/16.
/// </summary>
internal sealed class StockPeer : IDisposable
{
    private const string Outer = "192.0.2.77";
    private readonly Socket socket;
    private readonly byte[] buffer = new byte[70_000];

    public StockPeer(TwoNodes nodes)
    {
        nodes.RightSpace.Ip("address", "add", $"{Outer}/24", "dev", "eth0");
        nodes.LeftSpace.Ip("route", "add", "10.7.0.0/16", "dev", "tun0");
        socket = nodes.RightSpace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveTimeout = Wait.Milliseconds,
            ReceiveBufferSize = 4 << 20,
        });
        socket.Bind(new IPEndPoint(IPAddress.Parse(Outer), 0));
        var port = (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
        nodes.Left.Api.SetAsync(new CniTun.Uapi.DeviceUpdate
        {
            Peers = [new CniTun.Uapi.PeerUpdate
            {
                PublicKey = Sample.Key(7),
                Endpoint = new IpEndpoint(IpAddress.Parse(Outer), port),
                AllowedIps = [Cidr.Parse("10.7.0.0/16")],
            }],
        }).GetAwaiter().GetResult();
    }

    /// <summary>Waits for the next datagram that is an IP packet, for a stock peer drops probes.</summary>
    public byte[] Receive()
    {
        while (true)
        {
            var length = socket.Receive(buffer);
            if (length > 0 && buffer[0] < 0x80)
            {
                return buffer[..length];
            }
        }
    }

    public void Send(TwoNodes nodes, ReadOnlySpan<byte> datagram) =>
        socket.SendTo(datagram, new IPEndPoint(IPAddress.Parse(nodes.LeftEndpoint.Address.ToString()), nodes.LeftEndpoint.Port));

    public void Dispose() => socket.Dispose();
}
