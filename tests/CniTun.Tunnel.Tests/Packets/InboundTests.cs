using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Which datagrams are taken from the network, and from whom.</summary>
public sealed class InboundTests : IDisposable
{
    private readonly RightNode right = new();

    public void Dispose() => right.Dispose();

    [Theory]
    [InlineData("10.9.0.1")]
    [InlineData("fd09::1")]
    public void A_source_that_is_not_the_peers_own_is_spoofed(string source)
    {
        right.Receive(Sample.Packet(source, source.Contains(':', StringComparison.Ordinal) ? "fd02::1" : "10.2.0.1"));
        Assert.Empty(right.Writes);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
        Assert.Equal(0, right.Peers.Table.Peers[0].Traffic.ReceivedBytes);
    }

    [Fact]
    public void A_source_of_another_peer_is_spoofed_too()
    {
        right.Receive(Sample.Packet("10.4.0.1", "10.2.0.1"));
        Assert.Empty(right.Writes);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
    }

    [Fact]
    public void A_spoofed_source_in_the_middle_of_a_message_costs_only_itself()
    {
        var first = InnerPacket.Udp4;
        var third = first.Next();
        right.Take([.. first.ToArray(), .. (first with { Source = "10.4.0.1" }).ToArray(), .. third.ToArray()], first.ToArray().Length);
        right.Flush();

        Assert.Equal([first.ToArray(), third.ToArray()], right.Packets);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
        Assert.Equal(2, right.Counters.Packets);
        Assert.Equal(2 * first.ToArray().Length, right.Peers.Table.Peers[0].Traffic.ReceivedBytes);
    }

    [Fact]
    public void Neither_does_one_that_follows_a_packet_in_everything_but_the_source()
    {
        var first = InnerPacket.Tcp4;
        right.Take([.. first.ToArray(), .. (first.Next() with { Source = "10.9.0.1" }).ToArray()], first.ToArray().Length);
        right.Flush();
        Assert.Equal([first.ToArray()], right.Packets);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
    }

    [Fact]
    public void Two_peers_that_send_the_same_packet_are_told_apart()
    {
        var packet = InnerPacket.Tcp4;
        right.Take(packet.ToArray());
        right.Take(packet.Next().ToArray(), source: RightNode.OtherOuter);
        right.Flush();
        Assert.Equal([packet.ToArray()], right.Packets);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
    }

    [Fact]
    public void A_datagram_from_nobody_that_we_know_is_dropped_and_teaches_us_nothing()
    {
        right.Take(Sample.Packet("10.1.0.1", "10.2.0.1"), source: "192.0.2.66:6080");
        right.Flush();
        Assert.Empty(right.Writes);
        Assert.Equal(1, right.Counters[Drop.UnknownSource]);
        Assert.Equal(IpEndpoint.Parse(RightNode.LeftOuter), right.Peers.Table.Peers[0].Endpoint);
    }

    [Theory]
    [InlineData(250, 100, 3)]
    [InlineData(300, 100, 3)]
    [InlineData(100, 0, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(100, int.MaxValue, 1)]
    public void Of_a_message_from_a_stranger_each_datagram_is_counted(int length, int segmentBytes, int expected)
    {
        right.Take(new byte[length], segmentBytes, source: "192.0.2.66:6080");
        Assert.Equal(expected, right.Counters[Drop.UnknownSource]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("00040000")]
    [InlineData("04000000")]
    [InlineData("80ff")]
    public void A_format_that_we_do_not_speak_is_counted(string hex)
    {
        right.Receive(Convert.FromHexString(hex));
        Assert.Empty(right.Writes);
        Assert.Equal(1, right.Counters[Drop.UnknownFormat]);
        Assert.Equal(1, right.Counted);
    }

    [Fact]
    public void A_peer_that_changes_its_port_is_still_known_by_its_address()
    {
        right.Take(Sample.Packet("10.1.0.1", "10.2.0.1"), source: "192.0.2.1:41000");
        right.Flush();
        Assert.Single(right.Writes);
    }

    [Fact]
    public void A_peer_that_was_removed_between_two_messages_is_a_stranger_from_then_on()
    {
        right.Take(InnerPacket.Tcp4.ToArray());
        right.Peers.Replace(new PeerTable([]));
        right.Take(InnerPacket.Tcp4.Next().ToArray());
        right.Flush();
        Assert.Equal([InnerPacket.Tcp4.ToArray()], right.Packets);
        Assert.Equal(1, right.Counters[Drop.UnknownSource]);
    }

    [Fact]
    public void A_prefix_that_was_taken_from_a_peer_between_two_messages_is_spoofed_from_then_on()
    {
        right.Take(InnerPacket.Tcp4.ToArray());
        right.Peers.Replace(new PeerTable([Sample.Peer(1, RightNode.LeftOuter, "fd01::/16")]));
        right.Take(InnerPacket.Tcp4.Next().ToArray());
        right.Flush();
        Assert.Equal([InnerPacket.Tcp4.ToArray()], right.Packets);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
    }

    [Fact]
    public void Packets_of_one_flow_stay_in_order_when_the_table_is_replaced_between_them()
    {
        var packets = Flow.Of(InnerPacket.Tcp4, 4);
        right.Take(packets[0].ToArray());
        right.Peers.Replace(new PeerTable([Sample.Peer(1, RightNode.LeftOuter, "10.1.0.0/16")]));
        right.Take(packets[1].ToArray());
        right.Take((packets[2] with { Flags = InnerPacket.Ack | InnerPacket.Fin }).ToArray());
        right.Flush();
        Assert.Equal([packets[0].ToArray(), packets[1].ToArray()], right.Packets.Take(2));
    }

    [Fact]
    public void A_datagram_of_a_message_ends_where_the_next_begins_whatever_its_header_says()
    {
        var packet = InnerPacket.Udp4.ToArray();
        right.Take([.. packet, .. packet], segmentBytes: 100);
        right.Flush();
        Assert.Empty(right.Writes);
        Assert.Equal(right.Counted, right.Counters[Drop.BadLength] + right.Counters[Drop.UnknownFormat] + right.Counters[Drop.BadHeader]);
        Assert.Equal(3, right.Counted);
    }

    [Fact]
    public void A_segment_length_longer_than_the_message_is_one_datagram()
    {
        right.Take(InnerPacket.Udp4.ToArray(), segmentBytes: int.MaxValue);
        right.Flush();
        Assert.Equal([InnerPacket.Udp4.ToArray()], right.Packets);
    }

    [Fact]
    public void What_came_behind_the_end_of_a_packet_is_not_written()
    {
        byte[] longer = [.. InnerPacket.Udp4.ToArray(), 1, 2, 3];
        right.Receive(longer, [.. InnerPacket.Udp4.Next().ToArray(), 4]);
        Assert.Equal([InnerPacket.Udp4.ToArray(), InnerPacket.Udp4.Next().ToArray()], right.Packets);
    }

    [Fact]
    public void A_message_that_the_socket_lost_is_counted()
    {
        var counters = new DirectionCounters();
        new Inbound(right.Peers, counters, right.Writer).ReceiveFailed(Drop.Truncated);
        Assert.Equal(1, counters[Drop.Truncated]);
    }

    [Fact]
    public void A_write_to_an_interface_that_is_down_is_counted_for_each_packet_of_it()
    {
        right.Writer.Errno = Errno.EIO;
        right.Receive(Flow.Of(InnerPacket.Tcp4, 5));
        Assert.Single(right.Writes);
        Assert.Equal(5, right.Counters[Drop.InterfaceDown]);
        Assert.Equal(0, right.Counters.Packets);
    }
}
