using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Congestion marks through the tunnel (RFC 6040).</summary>
public sealed class EcnTests : IDisposable
{
    private const int Dropped = -1;

    // RFC 6040, figure 4: for each inner mark, what each outer mark makes of it. 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE.
    private static readonly Dictionary<int, int[]> Table = new()
    {
        [0] = [0, 0, 0, Dropped],
        [1] = [1, 1, 1, 3],
        [2] = [2, 1, 2, 3],
        [3] = [3, 3, 3, 3],
    };

    private readonly RightNode right = new();

    public static TheoryData<int, int> Marks
    {
        get
        {
            var marks = new TheoryData<int, int>();
            for (var i = 0; i < 16; i++)
            {
                marks.Add(i / 4, i % 4);
            }

            return marks;
        }
    }

    public void Dispose() => right.Dispose();

    [Theory]
    [MemberData(nameof(Marks))]
    public void Inner_and_outer_mark_become_what_the_table_says_and_all_else_stays(int inner, int outer)
    {
        const byte Dscp = 46 << 2;
        foreach (var packet in new[] { InnerPacket.Tcp4, InnerPacket.Tcp6, InnerPacket.Udp4, InnerPacket.Udp6 })
        {
            right.Writes.Clear();
            right.Take((packet with { TrafficClass = (byte)(Dscp | inner) }).ToArray(), trafficClass: (byte)(0x14 | outer));
            right.Flush();

            var expected = Table[inner][outer];
            byte[][] packets = expected == Dropped ? [] : [(packet with { TrafficClass = (byte)(Dscp | expected) }).ToArray()];
            Assert.Equal(packets, right.Packets);
        }

        Assert.Equal(Table[inner][outer] == Dropped ? 4 : 0, right.Counters[Drop.Congestion]);
        Assert.Equal(4, right.Counted);
    }

    [Fact]
    public void A_wrong_IPv4_checksum_stays_wrong_when_a_mark_is_made()
    {
        var packet = (InnerPacket.Udp4 with { TrafficClass = 2 }).ToArray();
        packet[10] ^= 0x40;
        right.Take(packet, trafficClass: 3);
        right.Flush();
        Assert.False(ReferenceChecksum.IsIPv4Valid(Assert.Single(right.Packets)));
    }

    [Fact]
    public void The_checksum_is_right_for_every_header_that_is_marked()
    {
        for (var id = 0; id <= ushort.MaxValue; id++)
        {
            var packet = Sample.Packet("10.1.0.1", "10.2.0.1");
            packet[1] = 2;
            packet[4] = (byte)(id >> 8);
            packet[5] = (byte)id;
            ReferenceChecksum.WriteIPv4(packet);
            Ecn.Decapsulate(packet, 3);
            Assert.Equal(3, packet[1]);
            Assert.True(ReferenceChecksum.IsIPv4Valid(packet));
        }
    }

    [Fact]
    public void Packets_of_one_message_that_is_marked_are_merged_with_their_new_mark()
    {
        var packets = Flow.Of(InnerPacket.Tcp4 with { TrafficClass = 2 }, 3);
        right.Take([.. packets.SelectMany(packet => packet.ToArray())], packets[0].ToArray().Length, trafficClass: 3);
        right.Flush();
        Assert.Single(right.Writes);
        Assert.Equal(packets.Select(packet => (packet with { TrafficClass = 3 }).ToArray()), right.Packets);
    }

    [Fact]
    public void A_marked_packet_is_not_merged_with_one_that_is_not()
    {
        var packets = Flow.Of(InnerPacket.Tcp4 with { TrafficClass = 2 }, 3);
        right.Take(packets[0].ToArray());
        right.Take(packets[1].ToArray(), trafficClass: 3);
        right.Take(packets[2].ToArray());
        right.Flush();
        Assert.Equal([packets[0].ToArray(), (packets[1] with { TrafficClass = 3 }).ToArray(), packets[2].ToArray()], right.Packets);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0xb8)]
    [InlineData(0xff)]
    public void On_the_way_out_the_outer_header_has_the_inner_class(byte trafficClass)
    {
        using var left = new LeftNode();
        left.Forward(InnerPacket.Tcp4 with { TrafficClass = trafficClass }, InnerPacket.Tcp6 with { TrafficClass = trafficClass });
        Assert.All(left.Trains, train => Assert.Equal(trafficClass, train.TrafficClass));
        left.Forward((InnerPacket.Tcp6 with { TrafficClass = trafficClass, PayloadBytes = 500 }).ToSuperpacket(100));
        Assert.Equal(trafficClass, left.Trains[^1].TrafficClass);
    }
}
