using System.Reflection;
using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Loops;
using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Tests.Packets;
using Tmds.Linux;

namespace CniTun.Tunnel.Tests.Loops;

/// <summary>Trains through a socket of the real kernel.</summary>
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
        Assert.Equal([40, 100, 100, 7, 50, 200, 200, 30], Receive(9).Select(datagram => datagram.Length));
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

    /// <summary>Waits for so many datagrams, a second at most if there are fewer.</summary>
    private List<byte[]> Receive(int count)
    {
        var datagrams = new List<byte[]>();
        var bytes = new byte[65536];
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, 1000, Timeout.Infinite);
        while (datagrams.Count < count && stop.WaitReadable(receiver))
        {
            if (receiver.Receive(bytes, out _) is >= 0 and var length)
            {
                datagrams.Add(bytes[..length]);
            }
        }

        return datagrams;
    }
}
