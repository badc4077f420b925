using System.Buffers.Binary;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>What becomes of packets that are longer than the path carries.</summary>
public sealed class TooBigTests : IDisposable
{
    private const int MaxPacketBytes = 1000;
    private readonly LeftNode left = new();

    public TooBigTests() => left.Peers.Table.Peers[0].Path.SendRefused(MaxPacketBytes + 1);

    public void Dispose() => left.Dispose();

    [Fact]
    public void One_that_fits_to_the_byte_goes_and_one_more_byte_is_too_big()
    {
        left.Forward(InnerPacket.Udp4 with { PayloadBytes = MaxPacketBytes - 28 }, InnerPacket.Udp4 with { PayloadBytes = MaxPacketBytes - 27 });
        Assert.Equal(MaxPacketBytes, Assert.Single(left.Datagrams).Length);
        Assert.Equal(1, left.Counters[Drop.TooBig]);
    }

    [Fact]
    public void A_superpacket_is_judged_by_its_segments()
    {
        var packet = InnerPacket.Tcp6 with { PayloadBytes = 3000 };
        left.Forward(packet.ToSuperpacket(MaxPacketBytes - 60));
        Assert.Equal(packet.Cut(MaxPacketBytes - 60).Select(segment => segment.ToArray()), left.Datagrams);
        left.Forward(packet.ToSuperpacket(MaxPacketBytes - 59));
        Assert.Equal(1, left.Counters[Drop.TooBig]);
    }

    [Fact]
    public void An_IPv4_packet_that_may_be_fragmented_goes_in_fragments_with_a_finished_checksum()
    {
        var packet = InnerPacket.Udp4 with { Fragment = 0, PayloadBytes = 2500 };
        left.Forward(packet.ToUnfinished());
        Assert.Equal(packet.ToArray()[20..], left.Datagrams.SelectMany(datagram => datagram[20..]));
        Assert.All(left.Datagrams, datagram => Assert.InRange(datagram.Length, 28, MaxPacketBytes));
        Assert.All(left.Datagrams, datagram => Assert.True(ReferenceChecksum.IsIPv4Valid(datagram)));
    }

    [Fact]
    public void A_superpacket_that_may_be_fragmented_is_cut_and_each_of_its_packets_goes_in_fragments_with_finished_checksums()
    {
        foreach (var options in new byte[][] { [], [148, 4, 0, 0] })
        {
            foreach (var packet in new[] { InnerPacket.Udp4, InnerPacket.Tcp4 })
            {
                left.Sender.Trains.Clear();
                var whole = packet with { Fragment = 0, PayloadBytes = 3100, TrafficClass = 0xb8, Flags = InnerPacket.Ack | InnerPacket.Psh, IPv4Options = options };
                left.Forward(whole.ToSuperpacket(1200));
                Assert.Equal(whole.Cut(1200).Select(segment => Convert.ToHexString(segment.ToArray()[segment.IpHeaderBytes..])), Reassembled(left.Datagrams));
                Assert.All(left.Datagrams, datagram => Assert.InRange(datagram.Length, 28, MaxPacketBytes));
                Assert.All(left.Datagrams, datagram => Assert.True(ReferenceChecksum.IsIPv4Valid(datagram)));
                Assert.All(left.Trains, train => Assert.Equal(0xb8, train.TrafficClass));
            }
        }

        Assert.Equal(0, left.Counters[Drop.TooBig]);
    }

    [Fact]
    public void A_superpacket_that_must_not_be_fragmented_is_dropped_and_so_is_one_of_IPv6()
    {
        foreach (var packet in new[] { InnerPacket.Udp4, InnerPacket.Tcp4, InnerPacket.Udp6, InnerPacket.Tcp6 })
        {
            left.Forward((packet with { PayloadBytes = 2500 }).ToSuperpacket(1200));
        }

        Assert.Empty(left.Datagrams);
        Assert.Equal(4, left.Counters[Drop.TooBig]);
    }

    [Fact]
    public void Fragments_of_a_superpacket_keep_their_place_among_the_peers_other_packets()
    {
        var first = InnerPacket.Udp4 with { Fragment = 0, PayloadBytes = 100 };
        var super = first with { PayloadBytes = 60_000 };
        left.Forward(first.ToRead(), super.ToSuperpacket(1200), first.ToRead());
        var datagrams = left.Datagrams.ToList();
        Assert.Equal((first.ToArray().Length, first.ToArray().Length), (datagrams[0].Length, datagrams[^1].Length));
        Assert.Equal(super.Cut(1200).Select(segment => Convert.ToHexString(segment.ToArray()[20..])), Reassembled(datagrams[1..^1]));
    }

    /// <summary>Puts together what lies behind the IP headers, packet by packet; identification and offset must go on from each other.</summary>
    private static List<string> Reassembled(IEnumerable<byte[]> fragments)
    {
        var packets = new List<string>();
        var id = 99;
        var offset = 0;
        foreach (var fragment in fragments)
        {
            var flags = BinaryPrimitives.ReadUInt16BigEndian(fragment.AsSpan(6));
            Assert.Equal(offset, (flags & 0x1fff) * 8);
            if (offset == 0)
            {
                id++;
                packets.Add(string.Empty);
            }

            Assert.Equal(id, BinaryPrimitives.ReadUInt16BigEndian(fragment.AsSpan(4)));
            var payload = fragment[((fragment[0] & 15) * 4)..];
            packets[^1] += Convert.ToHexString(payload);
            offset = (flags & 0x2000) != 0 ? offset + payload.Length : 0;
        }

        return packets;
    }
}
