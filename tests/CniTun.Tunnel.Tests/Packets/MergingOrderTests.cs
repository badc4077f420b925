using System.Buffers.Binary;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>What passes alone and untouched, and that nothing overtakes anything of its flow.</summary>
public sealed class MergingOrderTests : IDisposable
{
    private readonly RightNode right = new();

    public void Dispose() => right.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_packet_passes_alone_and_as_it_came_wherever_it_stands(int damaged)
    {
        foreach (var first in new[] { InnerPacket.Tcp4, InnerPacket.Tcp6, InnerPacket.Udp4, InnerPacket.Udp6 })
        {
            right.Writes.Clear();
            var packets = Flow.Of(first, 3).ConvertAll(packet => packet.ToArray());
            packets[damaged][^1] ^= 0x10;
            right.Receive(packets);
            Assert.Equal(packets, right.Packets);
            Assert.Contains(right.Writes, write => write.AsSpan(VirtioHeader.Bytes).SequenceEqual(packets[damaged]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void So_does_one_with_a_damaged_IPv4_header(int damaged)
    {
        var packets = Flow.Of(InnerPacket.Tcp4, 3).ConvertAll(packet => packet.ToArray());
        packets[damaged][10] ^= 0x10;
        right.Receive(packets);
        Assert.Equal(packets, right.Packets);
        Assert.Contains(right.Writes, write => write.AsSpan(VirtioHeader.Bytes).SequenceEqual(packets[damaged]));
    }

    [Fact]
    public void UDP_without_a_checksum_is_not_merged()
    {
        var packets = Flow.Of(InnerPacket.Udp4, 3).ConvertAll(packet => packet.ToArray());
        packets.ForEach(packet => packet.AsSpan(26, 2).Clear());
        right.Receive(packets);
        Assert.Equal(3, right.Writes.Count);
        Assert.Equal(packets, right.Packets);
    }

    [Fact]
    public void UDP_without_a_checksum_behind_some_with_one_is_not_merged()
    {
        var packets = Flow.Of(InnerPacket.Udp4, 3).ConvertAll(packet => packet.ToArray());
        packets[2].AsSpan(26, 2).Clear();
        right.Receive(packets);
        Assert.Equal(2, right.Writes.Count);
        Assert.Equal(packets, right.Packets);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void UDP_whose_length_is_not_that_of_the_packet_is_not_merged(int difference)
    {
        var packets = Flow.Of(InnerPacket.Udp4, 2).ConvertAll(packet => packet.ToArray());
        foreach (var packet in packets)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), (ushort)(108 + difference));
            ReferenceChecksum.WriteTransport(packet, 20, InnerPacket.Udp);
        }

        right.Receive(packets);
        Assert.Equal(2, right.Writes.Count);
        Assert.Equal(packets, right.Packets);
    }

    [Theory]
    [InlineData(0x2000, "the first fragment")]
    [InlineData(0x2010, "one in the middle")]
    [InlineData(0x0010, "the last fragment")]
    public void Fragments_are_not_merged_and_overtake_nothing(int fragment, string what)
    {
        var packets = Flow.Of(InnerPacket.Udp4 with { Fragment = 0 }, 5);
        packets[1] = packets[1] with { Fragment = (ushort)fragment };
        packets[2] = packets[2] with { Fragment = (ushort)fragment };
        right.Receive(packets);
        Assert.True(right.Writes.Count == 4, what);
        Assert.Equal(packets.Select(packet => packet.ToArray()), right.Packets);
    }

    [Theory]
    [InlineData(1, "ICMP")]
    [InlineData(47, "GRE")]
    [InlineData(50, "ESP")]
    [InlineData(132, "SCTP")]
    [InlineData(253, "an experiment")]
    public void Every_other_protocol_passes_as_it_came_and_overtakes_nothing(int protocol, string what)
    {
        foreach (var first in new[] { InnerPacket.Tcp4, InnerPacket.Tcp6 })
        {
            right.Writes.Clear();
            var packets = Flow.Of(first, 6).ConvertAll(packet => packet.ToArray());
            packets[2][first.IsIPv6 ? 6 : 9] = packets[3][first.IsIPv6 ? 6 : 9] = (byte)protocol;
            right.Receive(packets);
            Assert.True(right.Writes.Count == 4, what);
            Assert.Equal(packets, right.Packets);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(43)]
    [InlineData(44)]
    [InlineData(60)]
    public void IPv6_with_an_extension_header_passes_as_it_came(int header)
    {
        var packets = Flow.Of(InnerPacket.Udp6, 4).ConvertAll(packet => packet.ToArray());
        packets[1][6] = packets[2][6] = (byte)header;
        right.Receive(packets);
        Assert.Equal(4, right.Writes.Count);
        Assert.Equal(packets, right.Packets);
    }

    [Fact]
    public void A_TCP_header_that_is_none_passes_as_it_came()
    {
        foreach (var length in new byte[] { 0x00, 0x40, 0xf0 })
        {
            right.Writes.Clear();
            var packets = Flow.Of(InnerPacket.Tcp4 with { PayloadBytes = 10 }, 3).ConvertAll(packet => packet.ToArray());
            packets[1][32] = length;
            right.Receive(packets);
            Assert.Equal(packets, right.Packets);
        }
    }

    [Fact]
    public void A_packet_that_ends_within_its_transport_header_passes_as_it_came()
    {
        foreach (var protocol in new byte[] { InnerPacket.Tcp, InnerPacket.Udp })
        {
            for (var length = 0; length < 20; length++)
            {
                right.Writes.Clear();
                var packet = Sample.Packet("10.1.0.1", "10.2.0.1", length);
                packet[9] = protocol;
                right.Receive(packet, packet, packet);
                Assert.Equal([packet, packet, packet], right.Packets);
            }
        }
    }

    [Fact]
    public void Flows_that_alternate_are_merged_each_for_itself()
    {
        var flows = Enumerable.Range(0, 5).Select(port => Flow.Of(InnerPacket.Tcp4 with { SourcePort = (ushort)port }, 10)).ToList();
        right.Receive(Enumerable.Range(0, 50).Select(i => flows[i % 5][i / 5]));
        Assert.Equal(5, right.Writes.Count);
        Assert.Equal(flows.SelectMany(flow => flow).Select(packet => packet.ToArray()), right.Packets);
    }

    [Fact]
    public void More_flows_than_are_kept_apart_lose_nothing_and_no_order()
    {
        var flows = Enumerable.Range(0, 40).Select(port => Flow.Of(InnerPacket.Udp4 with { SourcePort = (ushort)port }, 4)).ToList();
        right.Receive(Enumerable.Range(0, 160).Select(i => flows[i % 40][i / 40]));
        foreach (var flow in flows)
        {
            Assert.Equal(
                flow.Select(packet => packet.ToArray()),
                right.Packets.Where(packet => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)) == flow[0].SourcePort));
        }
    }

    [Fact]
    public void A_packet_without_payload_waits_for_its_flow_and_for_no_other()
    {
        var flow = Flow.Of(InnerPacket.Tcp4, 4);
        var other = Flow.Of(InnerPacket.Tcp6, 2);
        var empty = flow[2] with { PayloadBytes = 0, Acknowledgement = 99 };
        right.Receive(flow[0], other[0], flow[1], empty, other[1], flow[2]);
        Assert.Equal([flow[0], flow[1], empty, other[0], other[1], flow[2]], Seen([.. flow, .. other, empty]));
    }

    [Fact]
    public void A_group_that_is_taken_out_of_the_middle_leaves_the_others_as_they_were()
    {
        var flows = Enumerable.Range(0, 4).Select(port => Flow.Of(InnerPacket.Tcp4 with { SourcePort = (ushort)port }, 4)).ToList();
        var fin = flows[1][2] with { Flags = InnerPacket.Ack | InnerPacket.Fin };
        right.Receive([.. flows.Select(flow => flow[0]), .. flows.Select(flow => flow[1]), fin, .. flows.Where(flow => flow != flows[1]).Select(flow => flow[2])]);
        Assert.Equal(5, right.Writes.Count);
        foreach (var flow in flows)
        {
            var expected = flow == flows[1] ? [flow[0], flow[1], fin] : flow.Take(3);
            Assert.Equal(expected, Seen([.. flow, fin]).Where(packet => packet.SourcePort == flow[0].SourcePort));
        }
    }

    /// <summary>Names the packets that came out.</summary>
    private IEnumerable<InnerPacket> Seen(InnerPacket[] all) =>
        right.Packets.Select(bytes => all.FirstOrDefault(packet => packet.ToArray().SequenceEqual(bytes)) ?? new InnerPacket { Source = "0.0.0.0" })
            .Where(packet => packet.Source != "0.0.0.0");
}
