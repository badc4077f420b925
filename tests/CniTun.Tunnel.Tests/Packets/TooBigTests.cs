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
    public void A_superpacket_whose_segments_are_too_long_is_never_sent_as_fragments_of_one_packet()
    {
        foreach (var packet in new[] { InnerPacket.Udp4, InnerPacket.Tcp4 })
        {
            left.Forward((packet with { Fragment = 0, PayloadBytes = 2500 }).ToSuperpacket(1200));
        }

        Assert.Empty(left.Datagrams);
        Assert.Equal(2, left.Counters[Drop.TooBig]);
    }
}
