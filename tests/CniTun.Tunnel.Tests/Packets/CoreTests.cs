using System.Text;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Two nodes, left and right, whose cores are joined in memory.</summary>
public sealed class CoreTests
{
    private const string LeftOuter = "192.0.2.1:6080";
    private const string RightOuter = "192.0.2.2:6080";

    private readonly DirectionCounters outCounters = new();
    private readonly DirectionCounters inCounters = new();
    private readonly CurrentPeers leftPeers = Sample.Current(
        Sample.Peer(2, RightOuter, "10.2.0.0/16", "fd02::/16"),
        Sample.Peer(3, null, "10.3.0.0/16"));

    private readonly CurrentPeers rightPeers = Sample.Current(Sample.Peer(1, LeftOuter, "10.1.0.0/16", "fd01::/16"));

    [Theory]
    [InlineData("10.1.0.1", "10.2.0.1")]
    [InlineData("fd01::1", "fd02::1")]
    public void A_packet_leaves_the_left_core_and_comes_out_of_the_right_one_unchanged(string source, string destination)
    {
        var packet = Sample.Packet(source, destination);
        var datagram = Forward(packet);

        Assert.NotNull(datagram);
        Assert.Equal(packet, Receive(datagram, LeftOuter));
        Assert.Equal(1, outCounters.Packets);
        Assert.Equal(1, inCounters.Packets);
        Assert.Equal(packet.Length, leftPeers.Table.Peers[0].Traffic.SentBytes);
        Assert.Equal(packet.Length, rightPeers.Table.Peers[0].Traffic.ReceivedBytes);
    }

    [Fact]
    public void On_the_wire_a_packet_is_the_payload_of_its_datagram_and_nothing_else()
    {
        var text = new StringBuilder();
        foreach (var (source, destination) in new[] { ("10.1.0.1", "10.2.0.1"), ("fd01::1", "fd02::1") })
        {
            text.Append(Snapshot.Hex(Forward(Sample.Packet(source, destination)))).Append('\n');
        }

        Snapshot.Match(text.ToString());
    }

    [Theory]
    [InlineData("10.9.0.1", Drop.NoPeer)]
    [InlineData("10.3.0.1", Drop.NoEndpoint)]
    public void A_packet_that_leads_nowhere_is_counted(string destination, Drop expected)
    {
        Assert.Null(Forward(Sample.Packet("10.1.0.1", destination)));
        Assert.Equal(1, outCounters[expected]);
    }

    [Fact]
    public void What_is_no_IP_packet_is_counted()
    {
        Assert.Null(Forward([0x10, 0, 0, 0]));
        Assert.Equal(1, outCounters[Drop.NotIp]);
    }

    [Theory]
    [InlineData(-Errno.EMSGSIZE, Drop.TooBig)]
    [InlineData(-Errno.EAGAIN, Drop.NoBuffers)]
    [InlineData(-Errno.ENOBUFS, Drop.NoBuffers)]
    [InlineData(-Errno.ENETUNREACH, Drop.Unreachable)]
    [InlineData(-Errno.EHOSTUNREACH, Drop.Unreachable)]
    [InlineData(-Errno.ECONNREFUSED, Drop.Unreachable)]
    [InlineData(-Errno.EPERM, Drop.Forbidden)]
    [InlineData(-Errno.EAFNOSUPPORT, Drop.NoAddressFamily)]
    [InlineData(-Errno.EBADF, Drop.SystemCallFailed)]
    public void A_send_that_fails_is_counted_by_its_reason_and_not_as_bytes(int result, Drop expected)
    {
        Forward(Sample.Packet("10.1.0.1", "10.2.0.1"), result);
        Assert.Equal(1, outCounters[expected]);
        Assert.Equal(0, outCounters.Packets);
        Assert.Equal(0, leftPeers.Table.Peers[0].Traffic.SentBytes);
    }

    [Theory]
    [InlineData("10.9.0.1")]
    [InlineData("fd09::1")]
    public void A_source_that_is_not_the_peers_own_is_spoofed(string source)
    {
        Assert.Null(Receive(Sample.Packet(source, source.Contains(':', StringComparison.Ordinal) ? "fd02::1" : "10.2.0.1"), LeftOuter));
        Assert.Equal(1, inCounters[Drop.SpoofedSource]);
        Assert.Equal(0, rightPeers.Table.Peers[0].Traffic.ReceivedBytes);
    }

    [Fact]
    public void A_source_of_another_peer_is_spoofed_too()
    {
        rightPeers.Replace(new PeerTable([.. rightPeers.Table.Peers, Sample.Peer(4, "192.0.2.4:6080", "10.4.0.0/16")]));
        Assert.Null(Receive(Sample.Packet("10.4.0.1", "10.2.0.1"), LeftOuter));
        Assert.Equal(1, inCounters[Drop.SpoofedSource]);
    }

    [Fact]
    public void A_datagram_from_nobody_that_we_know_is_dropped_and_teaches_us_nothing()
    {
        Assert.Null(Receive(Sample.Packet("10.1.0.1", "10.2.0.1"), "192.0.2.66:6080"));
        Assert.Equal(1, inCounters[Drop.UnknownSource]);
        Assert.Equal(IpEndpoint.Parse(LeftOuter), rightPeers.Table.Peers[0].Endpoint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("04000000")]
    [InlineData("80ff")]
    public void A_format_that_we_do_not_speak_is_counted(string hex)
    {
        Assert.Null(Receive(Convert.FromHexString(hex), LeftOuter));
        Assert.Equal(1, inCounters[Drop.UnknownFormat]);
    }

    [Fact]
    public void A_write_to_an_interface_that_is_down_is_counted()
    {
        var core = new Inbound(rightPeers, inCounters);
        core.Delivered(-Errno.EIO);
        Assert.Equal(1, inCounters[Drop.InterfaceDown]);
        Assert.Equal(0, inCounters.Packets);
    }

    [Fact]
    public void Every_hostile_datagram_is_dropped_and_counted_once_or_is_a_packet_from_the_peers_own_prefix()
    {
        var random = new Random(5);
        var core = new Inbound(rightPeers, inCounters);
        var genuine = Sample.Packet("10.1.0.1", "10.2.0.1", payloadBytes: 60);
        const int Rounds = 300_000;
        var accepted = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var datagram = genuine.AsSpan(0, random.Next(genuine.Length + 1)).ToArray();
            for (var damage = random.Next(4); damage > 0 && datagram.Length > 0; damage--)
            {
                datagram[random.Next(Math.Min(24, datagram.Length))] = (byte)random.Next(256);
            }

            if (core.TryReceive(datagram, IpEndpoint.Parse(LeftOuter), out var packet))
            {
                Assert.Equal(Drop.None, IpPacket.TryParse(packet, out var parsed));
                Assert.NotNull(rightPeers.Table.FindByAddress(parsed.Source));
                core.Delivered(packet.Length);
                accepted++;
            }
        }

        Assert.Equal(Rounds, Enumerable.Range(0, Drops.Count).Sum(drop => inCounters[(Drop)drop]));
        Assert.InRange(accepted, 1, Rounds - 1);
    }

    [Fact]
    public void Not_one_byte_is_allocated_over_100_000_packets_in_each_direction()
    {
        var outbound = new Outbound(leftPeers, outCounters);
        var inbound = new Inbound(rightPeers, inCounters);
        var batch = new SendBatch(1);
        var source = IpEndpoint.Parse("192.0.2.1:40000");
        byte[][] packets = [Sample.Packet("10.1.0.1", "10.2.0.1"), Sample.Packet("fd01::1", "fd02::1"), Sample.Packet("10.9.0.1", "10.2.0.1"), [0]];
        Pass(1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var packet = packets[i & 3];
                batch.Clear();
                outbound.Forward(packet, 0, packet.Length, batch);
                foreach (ref readonly var send in batch.Sends)
                {
                    outbound.Sent(send, send.Length);
                }

                if (inbound.TryReceive(packet, source, out var received))
                {
                    inbound.Delivered(received.Length);
                }
            }
        }
    }

    [Fact]
    public void Each_reason_has_a_name_of_its_own()
    {
        var names = Enum.GetValues<Drop>().Select(Drops.Name).ToList();
        Assert.Equal(Drops.Count, names.Distinct(StringComparer.Ordinal).Count());
        Snapshot.Match(string.Join('\n', names));
    }

    /// <summary>Passes one packet through the left node's core, as its loop would; null if the packet was dropped.</summary>
    private byte[]? Forward(byte[] packet, int? result = null)
    {
        var core = new Outbound(leftPeers, outCounters);
        var batch = new SendBatch(1);
        byte[] buffer = [.. new byte[Outbound.HeadroomBytes], .. packet];
        core.Forward(buffer, Outbound.HeadroomBytes, packet.Length, batch);
        if (batch.Sends.IsEmpty)
        {
            return null;
        }

        var send = batch.Sends[0];
        core.Sent(send, result ?? send.Length);
        return buffer[send.Offset..(send.Offset + send.Length)];
    }

    private byte[]? Receive(byte[] datagram, string source)
    {
        var core = new Inbound(rightPeers, inCounters);
        if (!core.TryReceive(datagram, IpEndpoint.Parse(source), out var packet))
        {
            return null;
        }

        core.Delivered(packet.Length);
        return packet.ToArray();
    }
}
