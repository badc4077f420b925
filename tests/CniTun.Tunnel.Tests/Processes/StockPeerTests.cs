using System.Net;
using System.Net.Sockets;
using CniTun.Tunnel.Tests.Packets;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>A peer that takes and sends one packet a datagram.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class StockPeerTests
{
    private static readonly InnerPacket ToLeft = InnerPacket.Udp4 with { Source = "10.7.0.1", Destination = "10.1.0.1", SourcePort = 99, DestinationPort = 5000 };

    [KernelFact]
    public void It_gets_one_finished_packet_a_datagram_however_much_is_sent_at_once()
    {
        using var nodes = new TwoNodes();
        using var peer = new StockPeer(nodes);
        using var pod = Open(nodes.LeftSpace, 5000);
        var bytes = new byte[40 * 1000];
        new Random(1).NextBytes(bytes);

        // UDP_SEGMENT of linux/udp.h.
        pod.SetRawSocketOption((int)ProtocolType.Udp, 103, BitConverter.GetBytes(1000));
        pod.SendTo(bytes, new IPEndPoint(IPAddress.Parse("10.7.0.1"), 99));
        foreach (var expected in bytes.Chunk(1000))
        {
            var packet = peer.Receive();
            Assert.Equal(expected, packet[28..]);
            Assert.True(ReferenceChecksum.IsIPv4Valid(packet));
            Assert.True(ReferenceChecksum.IsTransportValid(packet, 20, InnerPacket.Udp));
        }
    }

    [KernelFact]
    public void What_it_sends_packet_by_packet_arrives_in_order()
    {
        using var nodes = new TwoNodes();
        using var peer = new StockPeer(nodes);
        using var pod = Open(nodes.LeftSpace, 5000);
        var packets = Flow.Of(ToLeft with { PayloadBytes = 1000 }, 60);
        packets.ForEach(packet => peer.Send(nodes, packet.ToArray()));
        AssertArrive(pod, packets);
    }

    [KernelFact]
    public void So_does_what_comes_behind_a_GUE_header()
    {
        using var nodes = new TwoNodes();
        using var peer = new StockPeer(nodes);
        using var pod = Open(nodes.LeftSpace, 5000);
        var packets = Flow.Of(ToLeft with { PayloadBytes = 700 }, 20);
        packets.ForEach(packet => peer.Send(nodes, [0, 4, 0, 0, .. packet.ToArray()]));
        AssertArrive(pod, packets);
    }

    [KernelFact]
    public void Damaged_packets_among_them_do_not_arrive_and_take_no_others_along()
    {
        using var nodes = new TwoNodes();
        using var peer = new StockPeer(nodes);
        using var pod = Open(nodes.LeftSpace, 5000);
        var packets = Flow.Of(ToLeft with { PayloadBytes = 500 }, 40);
        for (var i = 0; i < packets.Count; i++)
        {
            var bytes = packets[i].ToArray();
            bytes[^1] ^= (byte)(i % 5 == 2 ? 1 : 0);
            peer.Send(nodes, bytes);
        }

        AssertArrive(pod, packets.Where((_, index) => index % 5 != 2));
    }

    [KernelFact]
    public void Fragments_are_put_together_at_the_pod()
    {
        using var nodes = new TwoNodes();
        using var peer = new StockPeer(nodes);
        using var pod = Open(nodes.LeftSpace, 5000);
        var whole = (ToLeft with { PayloadBytes = 3000, Fragment = 0 }).ToArray();
        foreach (var (first, end) in new[] { (0, 1000), (1000, 2000), (2000, whole.Length - 20) })
        {
            byte[] fragment = [.. whole[..20], .. whole[(20 + first)..(20 + end)]];
            fragment[2] = (byte)(fragment.Length >> 8);
            fragment[3] = (byte)fragment.Length;
            fragment[6] = (byte)(((first / 8) >> 8) | (end < whole.Length - 20 ? 0x20 : 0));
            fragment[7] = (byte)(first / 8);
            ReferenceChecksum.WriteIPv4(fragment);
            peer.Send(nodes, fragment);
        }

        var buffer = new byte[5000];
        Assert.Equal(whole[28..], buffer[..pod.Receive(buffer)]);
    }

    private static void AssertArrive(Socket pod, IEnumerable<InnerPacket> packets)
    {
        var buffer = new byte[5000];
        foreach (var packet in packets)
        {
            Assert.Equal(packet.ToArray()[28..], buffer[..pod.Receive(buffer)]);
        }
    }

    private static Socket Open(TestNamespace space, int port)
    {
        var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = Wait.Milliseconds });
        socket.Bind(new IPEndPoint(IPAddress.Parse("10.1.0.1"), port));
        return socket;
    }
}
