using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>The packet path leaves nothing to the garbage collector.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Not_one_byte_is_allocated_over_100_000_packets_on_the_way_out()
    {
        var peers = Sample.Current(Sample.Peer(2, LeftNode.RightOuter, "10.2.0.0/16", "fd02::/16"), Sample.Peer(4, "192.0.2.4:6080", "10.4.0.0/16"));
        peers.Table.Peers[1].Path.SendRefused(1000);
        var counters = new DirectionCounters();
        var core = new Outbound(peers, counters, new AllSender());
        byte[][] reads =
        [
            InnerPacket.Tcp4.ToRead(),
            InnerPacket.Udp6.ToUnfinished(),
            (InnerPacket.Udp4 with { Destination = "10.4.0.1", PayloadBytes = 20 }).ToRead(),
            (InnerPacket.Udp4 with { Destination = "10.9.0.1" }).ToRead(),
            (InnerPacket.Tcp6 with { PayloadBytes = 20_000, TcpOptions = new byte[12] }).ToSuperpacket(1000),
            (InnerPacket.Udp4 with { PayloadBytes = 3000 }).ToSuperpacket(900),
            (InnerPacket.Udp4 with { Destination = "10.4.0.1", Fragment = 0, PayloadBytes = 3000 }).ToSuperpacket(1200),
            InnerPacket.WithVirtio([0], default),
            (InnerPacket.Tcp4 with { PayloadBytes = 200 }).ToSuperpacket(0),
        ];
        var buffers = reads.Select(Pinned).ToArray();
        var pieces = buffers.Select(buffer => buffer.Piece(0, buffer.Length)).ToArray();
        AssertNothingAllocated(counters, () =>
        {
            foreach (var piece in pieces)
            {
                core.Forward(piece);
            }

            core.Flush();
        });
    }

    [Fact]
    public void Not_one_byte_is_allocated_over_100_000_packets_on_the_way_in()
    {
        var peers = Sample.Current(Sample.Peer(1, RightNode.LeftOuter, "10.1.0.0/16", "fd01::/16"));
        var counters = new DirectionCounters();
        var core = new Inbound(peers, counters, new AllWriter());
        var source = IpEndpoint.Parse("192.0.2.1:40000");
        var train = Flow.Of(InnerPacket.Tcp4 with { PayloadBytes = 1000 }, 40).SelectMany(packet => packet.ToArray()).ToArray();
        var datagrams = Flow.Of(InnerPacket.Udp6, 3).ConvertAll(packet => packet.ToArray());
        byte[][] messages =
        [
            train,
            .. datagrams,
            Sample.Packet("10.1.0.1", "10.2.0.1"),
            Sample.Packet("10.9.0.1", "10.2.0.1"),
            [],
            [0],
            [0x80, 1, 2],
            [0, 4, 0, 0, .. InnerPacket.Udp4.ToArray()],
        ];
        var buffers = messages.Select(Pinned).ToArray();
        var pieces = buffers.Select((buffer, index) => buffer.Piece(0, messages[index].Length)).ToArray();
        AssertNothingAllocated(counters, () =>
        {
            for (var i = 0; i < pieces.Length; i++)
            {
                // A superpacket's header was written over its first packet's.
                messages[i].CopyTo(pieces[i].Span);
                core.Receive(pieces[i], i == 0 ? 1040 : 0, source, 2);
            }

            core.Flush();
        });
    }

    /// <summary>
    /// Lets 100,000 packets pass several times: the test's own compiler replaces code while it runs, and may allocate once on our thread
    /// as it does. What a packet allocates would show each time.
    /// </summary>
    private static void AssertNothingAllocated(DirectionCounters counters, Action round)
    {
        for (var i = 0; i < 200; i++)
        {
            round();
        }

        var allocated = new List<long>();
        do
        {
            allocated.Add(AllocatedBy100000Packets(counters, round));
        }
        while (allocated[^1] != 0 && allocated.Count < 5);

        Assert.True(allocated[^1] == 0, $"bytes allocated in each of {allocated.Count} runs: {string.Join(", ", allocated)}");
    }

    private static long AllocatedBy100000Packets(DirectionCounters counters, Action round)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var first = counters.Packets; counters.Packets - first < 100_000;)
        {
            round();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static PinnedBuffer Pinned(byte[] bytes)
    {
        var buffer = new PinnedBuffer(Math.Max(1, bytes.Length));
        bytes.CopyTo(buffer.Span(0, bytes.Length));
        return buffer;
    }

    private sealed class AllSender : ITrainSender
    {
        public void Send(ReadOnlySpan<SendTrain> trains)
        {
            foreach (var train in trains)
            {
                train.Completed(train.Segments, 0);
            }
        }
    }

    private sealed class AllWriter : IPacketWriter
    {
        public int Write(PieceList pieces) => pieces.Count;
    }
}
