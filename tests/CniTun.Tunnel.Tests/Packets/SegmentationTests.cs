using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>What a superpacket from the TUN is cut into.</summary>
public sealed class SegmentationTests : IDisposable
{
    private readonly LeftNode left = new();

    public static TheoryData<string> Kinds => new(Samples.Keys);

    private static Dictionary<string, InnerPacket> Samples { get; } = new(StringComparer.Ordinal)
    {
        ["TCP over IPv4"] = InnerPacket.Tcp4,
        ["TCP over IPv6"] = InnerPacket.Tcp6,
        ["UDP over IPv4"] = InnerPacket.Udp4,
        ["UDP over IPv6"] = InnerPacket.Udp6,
        ["TCP with options"] = InnerPacket.Tcp6 with { TcpOptions = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8] },
        ["TCP with as many options as fit"] = InnerPacket.Tcp4 with { TcpOptions = new byte[40] },
        ["IPv4 with options"] = InnerPacket.Tcp4 with { IPv4Options = [0x94, 4, 0, 0, 1, 1, 1, 0] },
        ["IPv4 with as many options as fit"] = InnerPacket.Udp4 with { IPv4Options = new byte[40] },
    };

    public void Dispose() => left.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_segment_has_its_own_lengths_number_and_checksums(string kind)
    {
        var packet = Samples[kind] with { PayloadBytes = 4321 };
        left.Forward(packet.ToSuperpacket(1000));
        Assert.Equal(packet.Cut(1000).Select(segment => segment.ToArray()), left.Datagrams);
        Assert.Equal(5, left.Counters.Packets);
        Assert.Equal(left.Datagrams.Sum(datagram => datagram.Length), left.Peers.Table.Peers[0].Traffic.SentBytes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_payload_that_divides_evenly_has_no_shorter_last_segment(string kind)
    {
        var packet = Samples[kind] with { PayloadBytes = 3000 };
        left.Forward(packet.ToSuperpacket(1000));
        Assert.Equal(packet.Cut(1000).Select(segment => segment.ToArray()), left.Datagrams);
        Assert.Equal(3, left.Trains[0].Segments);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_largest_superpacket_is_cut_to_its_end(string kind)
    {
        var packet = Samples[kind] with { PayloadBytes = 65535 - Samples[kind].HeaderBytes };
        left.Forward(packet.ToSuperpacket(1371));
        Assert.Equal(packet.Cut(1371).Select(segment => segment.ToArray()), left.Datagrams);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_byte_a_segment_is_cut_too(string kind)
    {
        var packet = Samples[kind] with { PayloadBytes = 150 };
        left.Forward(packet.ToSuperpacket(1));
        Assert.Equal(packet.Cut(1).Select(segment => segment.ToArray()), left.Datagrams);
    }

    [Fact]
    public void Behind_a_routing_header_checksums_are_those_of_the_last_destination()
    {
        foreach (var packet in new[] { InnerPacket.Tcp6, InnerPacket.Udp6 }.Select(kind => kind with { PayloadBytes = 2500, Destination = "fd02::99" }))
        {
            var read = packet.ToSuperpacket(1000);
            var header = MemoryMarshal.Read<VirtioHeader>(read);
            header.CsumStart += 24;
            header.HdrLen += 24;
            left.Sender.Trains.Clear();
            left.Forward(InnerPacket.WithVirtio(Routed(read[VirtioHeader.Bytes..]), header));
            Assert.Equal(packet.Cut(1000).Select(segment => Routed(segment.ToArray())), left.Datagrams);
        }
    }

    [Fact]
    public void A_segment_size_beyond_the_payload_gives_one_segment()
    {
        var packet = InnerPacket.Tcp4 with { Flags = 0x10 | InnerPacket.Cwr | InnerPacket.Psh | InnerPacket.Fin };
        left.Forward(packet.ToSuperpacket(60_000));
        Assert.Equal([packet.ToArray()], left.Datagrams);
    }

    [Fact]
    public void CWR_stays_on_the_first_segment_and_FIN_and_PSH_on_the_last()
    {
        const byte Kept = InnerPacket.Ack | InnerPacket.Ece | InnerPacket.Urg;
        var packet = InnerPacket.Tcp4 with { PayloadBytes = 300, Flags = Kept | InnerPacket.Cwr | InnerPacket.Fin | InnerPacket.Psh };
        left.Forward(packet.ToSuperpacket(100));
        Assert.Equal(
            [Kept | InnerPacket.Cwr, Kept, Kept | InnerPacket.Fin | InnerPacket.Psh],
            left.Datagrams.Select(datagram => (int)datagram[33]));
    }

    [Fact]
    public void Sequence_and_identification_go_round_at_their_ends()
    {
        var packet = InnerPacket.Tcp4 with { PayloadBytes = 300, Sequence = uint.MaxValue - 50, Id = ushort.MaxValue };
        left.Forward(packet.ToSuperpacket(100));
        Assert.Equal([uint.MaxValue - 50, 49, 149], left.Datagrams.Select(datagram => BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(24))));
        Assert.Equal([65535, 0, 1], left.Datagrams.Select(datagram => (int)BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(4))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_unfinished_checksum_is_finished(string kind)
    {
        for (var length = 0; length < 40; length++)
        {
            var packet = Samples[kind] with { PayloadBytes = length };
            left.Sender.Trains.Clear();
            left.Forward(packet.ToUnfinished());
            Assert.Equal(packet.ToArray(), Assert.Single(left.Datagrams));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_UDP_checksum_that_comes_out_as_0_is_written_as_all_ones(bool cut)
    {
        // The payload's first word is chosen so that everything adds up to all ones.
        var packet = InnerPacket.Udp4 with { PayloadBytes = 2 };
        var read = cut ? packet.ToSuperpacket(2) : packet.ToUnfinished();
        read[^1] = read[^2] = 0;
        var bytes = read[VirtioHeader.Bytes..];
        bytes[26] = bytes[27] = 0;
        var sum = ReferenceChecksum.Sum(bytes.AsSpan(20), ReferenceChecksum.PseudoHeader(bytes, 20, InnerPacket.Udp));
        BinaryPrimitives.WriteUInt16BigEndian(read.AsSpan(read.Length - 2), (ushort)~sum);

        left.Forward(read);
        Assert.Equal([0xff, 0xff], Assert.Single(left.Datagrams)[26..28]);
    }

    [Fact]
    public void A_checksum_that_is_finished_is_not_touched_even_if_it_is_wrong()
    {
        var read = InnerPacket.Tcp4.ToRead();
        read[^1] ^= 1;
        left.Forward(read);
        Assert.Equal(read[VirtioHeader.Bytes..], Assert.Single(left.Datagrams));
    }

    [Theory]
    [InlineData(2, "there is no such type")]
    [InlineData(3, "UDP fragmentation, which we did not ask for")]
    [InlineData(4, "TCP over IPv6")]
    [InlineData(0x80, "CWR without TCP")]
    [InlineData(0x7f, "there is no such type")]
    public void A_type_that_is_not_the_packets_is_a_bad_offload(int type, string what) => IsBad(what, header => header with { GsoType = (byte)type });

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(21)]
    [InlineData(24)]
    [InlineData(121)]
    [InlineData(140)]
    [InlineData(65535)]
    public void A_checksum_that_begins_anywhere_but_behind_the_IP_header_is_a_bad_offload(int start) =>
        IsBad("start", header => header with { CsumStart = (ushort)start });

    [Fact]
    public void Segments_without_payload_are_a_bad_offload() => IsBad("no size", header => header with { GsoSize = 0 });

    [Fact]
    public void UDP_cut_as_TCP_and_TCP_cut_as_UDP_are_bad_offloads()
    {
        IsBad("TCP", header => header with { GsoType = VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4 });
        IsBad("UDP", header => header with { GsoType = VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4 }, InnerPacket.Udp4);
        IsBad("UDP", header => header with { GsoType = VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV6 }, InnerPacket.Udp6);
    }

    [Theory]
    [InlineData(0x40)]
    [InlineData(0xf0)]
    public void A_TCP_header_that_is_too_short_or_longer_than_the_packet_is_a_bad_offload(int length)
    {
        var read = (InnerPacket.Tcp4 with { PayloadBytes = 20 }).ToSuperpacket(10);
        read[VirtioHeader.Bytes + 32] = (byte)length;
        left.Forward(read);
        Assert.Equal(1, left.Counters[Drop.BadOffload]);
    }

    [Fact]
    public void A_superpacket_without_payload_is_a_bad_offload()
    {
        left.Forward((InnerPacket.Tcp4 with { PayloadBytes = 0 }).ToSuperpacket(10));
        Assert.Equal(1, left.Counters[Drop.BadOffload]);
    }

    [Theory]
    [InlineData(20, 119)]
    [InlineData(138, 0)]
    [InlineData(65535, 65535)]
    public void A_checksum_to_be_finished_that_lies_outside_the_packet_is_a_bad_offload(int start, int offset)
    {
        // 140 bytes, of which the last word may still be the field.
        left.Forward(InnerPacket.WithVirtio(InnerPacket.Tcp4.ToArray(), new VirtioHeader { Flags = 1, CsumStart = (ushort)start, CsumOffset = (ushort)(offset + (start == 138 ? 1 : 0)) }));
        Assert.Equal(1, left.Counters[Drop.BadOffload]);
        Assert.Empty(left.Trains);
    }

    /// <summary>Puts a routing header in, so that the packet goes to fd02::1 first.</summary>
    private static byte[] Routed(byte[] packet)
    {
        byte[] routed = [.. packet[..40], packet[6], 2, 2, 1, 0, 0, 0, 0, .. packet[24..40], .. packet[40..]];
        BinaryPrimitives.WriteUInt16BigEndian(routed.AsSpan(4), (ushort)(routed.Length - 40));
        routed[6] = 43;
        routed[39] = 1;
        return routed;
    }

    private void IsBad(string what, Func<VirtioHeader, VirtioHeader> change, InnerPacket? packet = null)
    {
        var read = (packet ?? InnerPacket.Tcp4).ToSuperpacket(10);
        var header = MemoryMarshal.Read<VirtioHeader>(read);
        left.Sender.Trains.Clear();
        var before = left.Counters[Drop.BadOffload];
        left.Forward(InnerPacket.WithVirtio(read.AsSpan(VirtioHeader.Bytes), change(header)));
        Assert.True(left.Counters[Drop.BadOffload] == before + 1, what);
        Assert.Empty(left.Trains);
    }
}
