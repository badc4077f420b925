using System.Reflection;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Loops;
using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Probing;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Tunnel.Tests.Processes;
using Tmds.Linux;

namespace CniTun.Tunnel.Tests.Loops;

/// <summary>Trains through a socket of the real kernel.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class TrainSenderTests : IDisposable
{
    private const string Peer = "192.0.2.2";

    private readonly TestNamespace left = new("left");
    private readonly TestNamespace right = new("right");
    private readonly PinnedBuffer buffer = new(65536);
    private readonly Offloads offloads = new();
    private readonly UdpSocket socket;
    private readonly UdpSocket receiver;
    private readonly TrainSender sender;

    public TrainSenderTests()
    {
        left.Ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", right.Name);
        left.Ip("address", "add", "192.0.2.1/24", "dev", "eth0");
        right.Ip("address", "add", $"{Peer}/24", "dev", "eth0");
        left.Ip("link", "set", "eth0", "up");
        right.Ip("link", "set", "eth0", "up");
        socket = left.Run(() => UdpSocket.Bind(0));
        receiver = right.Run(() => UdpSocket.Bind(0));
        sender = new TrainSender(socket, offloads);
        for (var i = 0; i < buffer.Length; i++)
        {
            buffer.Span(i, 1)[0] = (byte)(i * 11 / 3);
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        receiver.Dispose();
        left.Dispose();
        right.Dispose();
    }

    [KernelFact]
    public void Trains_arrive_datagram_by_datagram_with_segmentation_and_without()
    {
        foreach (var without in new[] { false, true })
        {
            if (without)
            {
                offloads.Refuse(OffloadKind.UdpGso, Errno.EIO);
            }

            var trains = new[] { Train(Peer, 1000, 1000, 300), Train(Peer, 70), WithHeaders(Peer) };
            sender.Send(trains);
            Assert.All(trains, train => Assert.Equal((train.Segments, 0), (train.SentSegments, train.Errno)));
            Assert.Equal(
                [.. trains.SelectMany(train => train.Pieces.ToArray().Chunk(train.SegmentBytes))],
                Receive(7));
        }
    }

    [KernelFact]
    public void A_train_that_fails_takes_no_other_along()
    {
        var trains = new[] { Train(Peer, 100, 100), Train("203.0.113.1", 100, 100, 50), Train(Peer, 200) };
        sender.Send(trains);
        Assert.Equal([2, 0, 1], trains.Select(train => train.SentSegments));
        Assert.Equal([0, Errno.ENETUNREACH, 0], trains.Select(train => train.Errno));
        Assert.Equal([100, 100, 200], Receive(3).Select(datagram => datagram.Length));
    }

    [KernelFact]
    public void A_datagram_that_is_too_long_costs_itself_and_not_the_shorter_one_behind_it()
    {
        var trains = new[] { Train(Peer, 1600, 1600, 100), Train(Peer, 50) };
        sender.Send(trains);
        Assert.Equal((1, Errno.EMSGSIZE), (trains[0].SentSegments, trains[0].Errno));
        Assert.Equal([100, 50], Receive(2).Select(datagram => datagram.Length));
    }

    [KernelFact]
    public unsafe void What_the_kernel_does_not_segment_is_sent_datagram_by_datagram_and_each_once()
    {
        // A socket that makes no checksums (SO_NO_CHECK) segments nothing: EINVAL.
        var descriptor = (int)typeof(UdpSocket).GetProperty("Descriptor", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(socket)!;
        var on = 1;
        Assert.Equal(0, LibC.setsockopt(descriptor, LibC.SOL_SOCKET, 11, &on, sizeof(int)));
        var trains = new[] { Train(Peer, 40), Train(Peer, 100, 100, 7), Train(Peer, 50), Train(Peer, 200, 200), Train(Peer, 30) };
        sender.Send(trains);
        Assert.Equal([1, 3, 1, 2, 1], trains.Select(train => train.SentSegments));
        Assert.Equal([40, 100, 100, 7, 50, 200, 200, 30], Receive(8).Select(datagram => datagram.Length));
    }

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void To_an_IPv6_endpoint_nothing_leaves_a_node_without_IPv6_and_each_packet_is_counted(bool withoutSegmentation)
    {
        // The last four bytes of the peer's address are those of a host on the underlay: 10.0.0.5.
        right.Ip("address", "add", "10.0.0.5/8", "dev", "eth0");
        left.Ip("address", "add", "10.0.0.1/8", "dev", "eth0");
        left.Run("nft", "add table inet watch; add chain inet watch out { type filter hook output priority 0; }; add rule inet watch out ip daddr 10.0.0.5 counter");
        if (withoutSegmentation)
        {
            offloads.Refuse(OffloadKind.UdpGso, Errno.EIO);
        }

        using var only4 = KernelWithoutIPv6.Run(() => left.Run(() => UdpSocket.Bind(0)));
        Assert.False(only4.IsDualStack);
        var counters = new DirectionCounters();
        var outbound = new Outbound(
            Sample.Current(Sample.Peer(5, $"[2001:db8::a00:5]:{receiver.Port}", "10.2.0.0/16", "fd02::/16")), counters, new TrainSender(only4, offloads));
        var reads = new[] { InnerPacket.Udp4, InnerPacket.Udp4 with { TrafficClass = 0xb8 }, InnerPacket.Tcp6, InnerPacket.Tcp6 }.Select(packet => packet.ToRead()).ToList();
        var offset = 0;
        foreach (var read in reads)
        {
            read.CopyTo(buffer.Span(offset, read.Length));
            outbound.Forward(buffer.Piece(offset, read.Length));
            offset += read.Length;
        }

        outbound.Flush();
        var stranger = IpEndpoint.Parse($"[2001:db8::a00:5]:{receiver.Port}");
        new ReplySender(only4).Reply([1], stranger);
        Assert.Equal(-Errno.EAFNOSUPPORT, new UdpProbeTransport(only4, mark: 0).Send([1], stranger));

        Assert.Empty(Receive(0));
        Assert.Contains("packets 0 bytes 0", left.Run("nft", "list", "table", "inet", "watch"), StringComparison.Ordinal);
        Assert.Equal((0, reads.Count), (counters.Packets, counters[Drop.NoAddressFamily]));
    }

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_full_send_buffer_is_waited_for_where_the_link_makes_room(bool withoutSegmentation)
    {
        if (withoutSegmentation)
        {
            offloads.Refuse(OffloadKind.UdpGso, Errno.EIO);
        }

        // A train takes this link 160 us, and two of them fill the smallest buffer that a socket may have.
        left.Run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "200mbit", "burst", "4kb", "limit", "1mb");
        socket.TryEnlargeBuffers(receiveBytes: 1 << 20, sendBytes: 0);
        var trains = Enumerable.Range(0, 200).Select(_ => Train(Peer, 1000, 1000, 1000, 1000)).ToList();
        foreach (var train in trains)
        {
            sender.Send([train]);
        }

        // Without a wait they are some 75; how long the thread lies still is up to the machine.
        Assert.InRange(trains.Sum(train => train.SentSegments), 200, 800);
        Assert.All(trains, train => Assert.Equal(train.SentSegments == train.Segments ? 0 : Errno.EAGAIN, train.Errno));
    }

    [KernelFact]
    public void Where_the_link_makes_no_room_each_packet_is_told_of_as_one_for_which_there_was_none()
    {
        left.Run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "8bit", "burst", "2kb", "limit", "1mb");
        socket.TryEnlargeBuffers(receiveBytes: 1 << 20, sendBytes: 0);
        var trains = Enumerable.Range(0, 64).Select(_ => Train(Peer, 1000, 1000)).ToArray();
        sender.Send(trains.AsSpan(0, 16));
        sender.Send(trains);
        Assert.All(trains, train => Assert.Equal((0, Errno.EAGAIN), (train.SentSegments, train.Errno)));
    }

    private SendTrain Train(string destination, params int[] lengths)
    {
        var train = new SendTrain();
        train.Begin(Sample.Peer(1, $"{destination}:{receiver.Port}"), 0, lengths[0]);
        var offset = 0;
        foreach (var length in lengths)
        {
            // Neighbours, so that one piece holds several datagrams.
            train.Add(buffer.Piece(offset, length));
            offset += length;
        }

        return train;
    }

    private SendTrain WithHeaders(string destination)
    {
        var train = new SendTrain();
        train.Begin(Sample.Peer(1, $"{destination}:{receiver.Port}"), 0x48, 140);
        for (var i = 0; i < 3; i++)
        {
            train.Add(40, buffer.Piece(i * 100, i == 2 ? 7 : 100)).Fill((byte)i);
        }

        return train;
    }

    /// <summary>Waits for so many datagrams, and for one that is sent last, so that there are no others.</summary>
    private List<byte[]> Receive(int count)
    {
        Assert.Equal(1, socket.Send([0xee], IpEndpoint.Parse($"{Peer}:{receiver.Port}")));
        var datagrams = new List<byte[]>();
        var bytes = new byte[65536];
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Wait.Milliseconds, Timeout.Infinite);
        while (datagrams.Count <= count && stop.WaitReadable(receiver))
        {
            if (receiver.Receive(bytes, out _) is >= 0 and var length)
            {
                datagrams.Add(bytes[..length]);
            }
        }

        Assert.Equal([0xee], datagrams[^1]);
        return datagrams[..^1];
    }
}
