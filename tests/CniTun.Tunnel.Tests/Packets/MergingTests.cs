using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Which packets become one superpacket, and which never do.</summary>
public sealed class MergingTests : IDisposable
{
    private readonly RightNode right = new();

    public static TheoryData<string> Kinds => new(Samples.Keys);

    public static TheoryData<string> TcpDifferences => new(TcpChanges.Keys);

    public static TheoryData<string> IpDifferences => new(IpChanges.Keys);

    private static Dictionary<string, InnerPacket> Samples { get; } = new(StringComparer.Ordinal)
    {
        ["TCP over IPv4"] = InnerPacket.Tcp4,
        ["TCP over IPv6"] = InnerPacket.Tcp6,
        ["UDP over IPv4"] = InnerPacket.Udp4,
        ["UDP over IPv6"] = InnerPacket.Udp6,
        ["TCP with options"] = InnerPacket.Tcp4 with { TcpOptions = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8] },
        ["UDP that may be fragmented"] = InnerPacket.Udp4 with { Fragment = 0 },
        ["packets of one byte"] = InnerPacket.Tcp6 with { PayloadBytes = 1 },
        ["IPv4 whose identification goes round"] = InnerPacket.Tcp4 with { Id = 65534 },
        ["TCP whose sequence goes round"] = InnerPacket.Tcp4 with { Sequence = uint.MaxValue - 150 },
        ["ECN echo"] = InnerPacket.Tcp4 with { Flags = InnerPacket.Ack | InnerPacket.Ece, TrafficClass = 2 },
    };

    private static Dictionary<string, Func<InnerPacket, InnerPacket>> TcpChanges { get; } = new(StringComparer.Ordinal)
    {
        ["acknowledgement"] = packet => packet with { Acknowledgement = 78 },
        ["window"] = packet => packet with { Window = 501 },
        ["urgent pointer"] = packet => packet with { UrgentPointer = 1 },
        ["options' content"] = packet => packet with { TcpOptions = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 9] },
        ["options' length"] = packet => packet with { TcpOptions = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0] },
        ["no options"] = packet => packet with { TcpOptions = [] },
        ["ECE"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Ece },
        ["no ACK"] = packet => packet with { Flags = 0 },
        ["SYN"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Syn },
        ["FIN"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Fin },
        ["RST"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Rst },
        ["URG"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Urg },
        ["CWR"] = packet => packet with { Flags = InnerPacket.Ack | InnerPacket.Cwr },
        ["one byte is missing before"] = packet => packet with { Sequence = packet.Sequence + 1 },
        ["one byte is there twice"] = packet => packet with { Sequence = packet.Sequence - 1 },
        ["the same again"] = packet => packet with { Sequence = packet.Sequence - 100 },
        ["source port"] = packet => packet with { SourcePort = 4001 },
        ["destination port"] = packet => packet with { DestinationPort = 81 },
        ["no payload"] = packet => packet with { PayloadBytes = 0 },
        ["longer"] = packet => packet with { PayloadBytes = 101 },
    };

    private static Dictionary<string, Func<InnerPacket, InnerPacket>> IpChanges { get; } = new(StringComparer.Ordinal)
    {
        ["traffic class"] = packet => packet with { TrafficClass = 4 },
        ["ECN"] = packet => packet with { TrafficClass = 3 },
        ["TTL"] = packet => packet with { TimeToLive = 63 },
        ["DF"] = packet => packet with { Fragment = 0 },
        ["the reserved bit"] = packet => packet with { Fragment = 0xc000 },
        ["identification that jumps"] = packet => packet with { Id = (ushort)(packet.Id + 1) },
        ["identification that goes back"] = packet => packet with { Id = (ushort)(packet.Id - 2) },
        ["options"] = packet => packet with { IPv4Options = [1, 1, 1, 0] },
        ["source"] = packet => packet with { Source = packet.IsIPv6 ? "fd01::2" : "10.1.0.2" },
        ["destination"] = packet => packet with { Destination = packet.IsIPv6 ? "fd02::2" : "10.2.0.2" },
        ["flow label"] = packet => packet with { FlowLabel = 1 },
    };

    public void Dispose() => right.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Packets_that_follow_one_another_are_one_write_and_come_out_of_the_kernel_as_they_were(string kind)
    {
        var packets = Flow.Of(Samples[kind], 5);
        right.Receive(packets);
        AssertWrites(1, packets);
        Assert.Equal(5, right.Counters.Packets);
        Assert.Equal(packets[0].PayloadBytes, BitConverter.ToUInt16(right.Writes[0], 4));
        Assert.Equal(VirtioHeader.Bytes + packets[0].HeaderBytes + packets.Sum(packet => packet.PayloadBytes), right.Writes[0].Length);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void So_they_are_if_they_come_in_one_message(string kind)
    {
        var packets = Flow.Of(Samples[kind], 5);
        right.Take([.. packets.SelectMany(packet => packet.ToArray())], packets[0].ToArray().Length);
        right.Flush();
        AssertWrites(1, packets);
    }

    [Theory]
    [MemberData(nameof(TcpDifferences))]
    public void A_TCP_packet_that_differs_in_anything_else_is_not_merged(string what)
    {
        foreach (var first in new[] { InnerPacket.Tcp4, InnerPacket.Tcp6 })
        {
            right.Writes.Clear();
            var head = first with { TcpOptions = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8] };
            InnerPacket[] packets = [head, TcpChanges[what](head.Next())];
            right.Receive(packets);
            AssertWrites(2, packets);
        }
    }

    [Theory]
    [MemberData(nameof(IpDifferences))]
    public void A_packet_whose_IP_header_differs_is_not_merged(string what)
    {
        foreach (var first in Samples.Take(4).Select(sample => sample.Value))
        {
            right.Writes.Clear();
            InnerPacket[] packets = [first, IpChanges[what](first.Next())];
            var differs = !packets[1].ToArray().SequenceEqual(first.Next().ToArray());
            right.Receive(packets);
            AssertWrites(differs ? 2 : 1, packets);
        }
    }

    [Theory]
    [InlineData(InnerPacket.Ack | InnerPacket.Syn)]
    [InlineData(InnerPacket.Ack | InnerPacket.Fin)]
    [InlineData(InnerPacket.Ack | InnerPacket.Rst)]
    [InlineData(InnerPacket.Ack | InnerPacket.Urg)]
    [InlineData(InnerPacket.Ack | InnerPacket.Cwr)]
    public void Two_packets_with_a_flag_that_means_something_are_not_merged(int flags)
    {
        var packets = Flow.Of(InnerPacket.Tcp4 with { Flags = (byte)flags }, 2);
        right.Receive(packets);
        AssertWrites(2, packets);
    }

    [Fact]
    public void PSH_ends_a_superpacket_and_is_on_its_last_segment_alone()
    {
        var packets = Flow.Of(InnerPacket.Tcp4, 5);
        packets[2] = packets[2] with { Flags = InnerPacket.Ack | InnerPacket.Psh };
        right.Receive(packets);
        AssertWrites(2, packets);
        Assert.Equal(InnerPacket.Ack | InnerPacket.Psh, right.Writes[0][VirtioHeader.Bytes + 33]);
        Assert.Equal(InnerPacket.Ack, right.Writes[1][VirtioHeader.Bytes + 33]);
    }

    [Fact]
    public void A_first_packet_with_PSH_is_alone()
    {
        var packets = Flow.Of(InnerPacket.Tcp6 with { Flags = InnerPacket.Ack | InnerPacket.Psh }, 3);
        right.Receive(packets);
        AssertWrites(3, packets);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_shorter_one_ends_a_superpacket(string kind)
    {
        var packets = Flow.Of(Samples[kind] with { PayloadBytes = 10 }, 2);
        packets.AddRange(Flow.Of(packets[^1].Next() with { PayloadBytes = 9 }, 2));
        right.Receive(packets);
        AssertWrites(2, packets);
    }

    [Fact]
    public void Sixty_four_packets_are_the_most()
    {
        var packets = Flow.Of(InnerPacket.Udp6 with { PayloadBytes = 10 }, 130);
        right.Receive(packets);
        AssertWrites(3, packets);
    }

    [Theory]
    [InlineData(1460, 44)]
    [InlineData(65495 / 3, 3)]
    public void So_many_bytes_as_an_IP_packet_may_have_are_the_most(int payloadBytes, int most)
    {
        var packets = Flow.Of(InnerPacket.Tcp4 with { PayloadBytes = payloadBytes }, most + 1);
        right.Receive(packets);
        AssertWrites(2, packets);
        Assert.InRange(right.Writes[0].Length, 65535 - payloadBytes, VirtioHeader.Bytes + 65535);
    }

    [Fact]
    public void With_DF_an_identification_that_stays_the_same_means_nothing_and_is_merged()
    {
        var packets = Flow.Of(InnerPacket.Tcp4 with { Id = 0 }, 3).ConvertAll(packet => packet with { Id = 0 });
        right.Receive(packets);
        AssertWrites(1, [.. packets.Select((packet, index) => packet with { Id = (ushort)index })]);
    }

    [Fact]
    public void Without_DF_it_means_a_fragments_packet_and_is_not_merged()
    {
        var packets = Flow.Of(InnerPacket.Udp4 with { Fragment = 0 }, 3).ConvertAll(packet => packet with { Id = 7 });
        right.Receive(packets);
        AssertWrites(3, packets);
    }

    [Fact]
    public void What_is_not_to_be_merged_passes_alone_and_in_order()
    {
        using var none = new RightNode(mergesTcp: false, mergesUdp: false);
        var packets = new[] { Flow.Of(InnerPacket.Tcp4, 3), Flow.Of(InnerPacket.Udp6, 3) }.SelectMany(flow => flow).ToList();
        none.Receive(packets);
        Assert.Equal(6, none.Writes.Count);
        Assert.Equal(packets.Select(packet => packet.ToArray()), none.Packets);
    }

    private void AssertWrites(int writes, IReadOnlyList<InnerPacket> packets)
    {
        Assert.Equal(packets.Select(packet => packet.ToArray()), right.Packets);
        Assert.Equal(writes, right.Writes.Count);
    }
}
