namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Which datagrams leave in one send.</summary>
public sealed class TrainTests : IDisposable
{
    private const string OtherPeer = "10.4.0.1";
    private readonly LeftNode left = new();

    public void Dispose() => left.Dispose();

    [Fact]
    public void Packets_of_one_length_to_one_peer_are_one_train_whatever_their_flows()
    {
        left.Forward(InnerPacket.Udp4, InnerPacket.Udp4 with { SourcePort = 1 }, InnerPacket.Tcp4 with { PayloadBytes = 88 });
        var train = Assert.Single(left.Trains);
        Assert.Equal((3, 128, 384), (train.Segments, train.SegmentBytes, train.Bytes.Length));
    }

    [Fact]
    public void Packets_of_another_peer_in_between_do_not_part_them()
    {
        var other = InnerPacket.Udp4 with { Destination = OtherPeer };
        left.Forward(InnerPacket.Udp4, other, InnerPacket.Udp4, other, InnerPacket.Udp4);
        Assert.Equal([3, 2], left.Trains.Select(train => train.Segments));
        Assert.Equal([2], left.Sender.Calls);
    }

    [Fact]
    public void A_shorter_one_ends_the_train()
    {
        var shorter = InnerPacket.Udp4 with { PayloadBytes = 50 };
        left.Forward(InnerPacket.Udp4, InnerPacket.Udp4, shorter, shorter, InnerPacket.Udp4);
        Assert.Equal([3, 1, 1], left.Trains.Select(train => train.Segments));
        Assert.Equal([128, 78, 128], left.Trains.Select(train => train.SegmentBytes));
    }

    [Fact]
    public void A_longer_one_begins_the_next()
    {
        left.Forward(InnerPacket.Udp4, InnerPacket.Udp4 with { PayloadBytes = 101 });
        Assert.Equal([1, 1], left.Trains.Select(train => train.Segments));
    }

    [Fact]
    public void Another_traffic_class_begins_the_next()
    {
        left.Forward(InnerPacket.Udp4, InnerPacket.Udp4 with { TrafficClass = 3 }, InnerPacket.Udp4);
        Assert.Equal([0, 3, 0], left.Trains.Select(train => (int)train.TrafficClass));
    }

    [Fact]
    public void Sixty_four_datagrams_are_the_most()
    {
        left.Forward(Enumerable.Repeat(InnerPacket.Udp4, 130));
        Assert.Equal([64, 64, 2], left.Trains.Select(train => train.Segments));
    }

    [Fact]
    public void So_many_bytes_as_one_datagram_over_IPv6_may_have_are_the_most()
    {
        const int MostBytes = 65535 - 40 - 8;
        left.Forward(Enumerable.Repeat(InnerPacket.Udp4 with { PayloadBytes = 1372 }, 50));
        Assert.Equal([46, 4], left.Trains.Select(train => train.Segments));
        Assert.All(left.Trains, train => Assert.InRange(train.Bytes.Length, 1, MostBytes));

        left.Sender.Trains.Clear();
        left.Forward((InnerPacket.Tcp4 with { PayloadBytes = 65495 }).ToSuperpacket(1400), (InnerPacket.Tcp6 with { PayloadBytes = 65475 }).ToSuperpacket(1380));
        Assert.All(left.Trains, train => Assert.InRange(train.Bytes.Length, 1, MostBytes));
    }

    [Fact]
    public void A_packet_longer_than_any_train_is_sent_alone_so_that_the_socket_says_what_it_thinks_of_it()
    {
        var longest = InnerPacket.Udp4 with { PayloadBytes = 65507 - 28 };
        left.Forward(longest, InnerPacket.Udp4, longest);
        Assert.Equal([65507, 128, 65507], left.Trains.Select(train => train.Bytes.Length));
    }

    [Fact]
    public void Superpackets_and_whole_packets_of_one_length_share_a_train()
    {
        var super = InnerPacket.Tcp4 with { PayloadBytes = 300 };
        left.Forward(InnerPacket.Tcp4.ToRead(), super.ToSuperpacket(100), InnerPacket.Tcp4.ToRead());
        Assert.Equal(5, Assert.Single(left.Trains).Segments);
        byte[][] expected = [InnerPacket.Tcp4.ToArray(), .. super.Cut(100).Select(segment => segment.ToArray()), InnerPacket.Tcp4.ToArray()];
        Assert.Equal(expected, left.Datagrams);
    }

    [Fact]
    public void More_headers_than_a_train_has_room_for_go_into_the_next()
    {
        var packet = InnerPacket.Udp4 with { IPv4Options = new byte[40], PayloadBytes = 300 };
        var tcp = InnerPacket.Tcp4 with { IPv4Options = new byte[40], TcpOptions = new byte[40], PayloadBytes = 300 };
        left.Forward(packet.ToSuperpacket(1), tcp.ToSuperpacket(2));
        Assert.Equal(450, left.Trains.Sum(train => train.Segments));
        Assert.Equal([.. packet.Cut(1).Select(segment => segment.ToArray()), .. tcp.Cut(2).Select(segment => segment.ToArray())], left.Datagrams);
    }

    [Fact]
    public void Nothing_is_sent_twice_when_a_round_begins_after_another()
    {
        left.Forward(InnerPacket.Udp4);
        left.Forward(InnerPacket.Udp4);
        left.Forward(Array.Empty<byte[]>());
        Assert.Equal([1, 1], left.Trains.Select(train => train.Segments));
        Assert.Equal([1, 1], left.Sender.Calls);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Within_a_peer_the_order_never_changes_whatever_lengths_classes_and_peers_come(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            left.Sender.Trains.Clear();
            var expected = new Dictionary<string, List<byte[]>>(StringComparer.Ordinal) { [OtherPeer] = [], [InnerPacket.Udp4.Destination] = [] };
            var reads = new List<byte[]>();
            for (var count = random.Next(1, 150); count > 0; count--)
            {
                var packet = InnerPacket.Udp4 with
                {
                    Destination = random.Next(2) == 0 ? OtherPeer : InnerPacket.Udp4.Destination,
                    PayloadBytes = random.Next(4) == 0 ? random.Next(1, 500) : 100,
                    TrafficClass = (byte)(random.Next(8) == 0 ? 1 : 0),
                    Id = (ushort)count,
                };
                var isCut = random.Next(3) == 0;
                reads.Add(isCut ? packet.ToSuperpacket(random.Next(20, 120)) : packet.ToRead());
                expected[packet.Destination].AddRange(ReferenceKernel.Process(reads[^1]));
            }

            left.Forward(reads);
            foreach (var (destination, datagrams) in expected)
            {
                var peer = left.Peers.Table.FindByAddress(CniTun.Addresses.IpAddress.Parse(destination));
                Assert.Equal(datagrams, left.Trains.Where(train => train.Peer == peer).SelectMany(train => train.Datagrams));
            }
        }
    }
}
