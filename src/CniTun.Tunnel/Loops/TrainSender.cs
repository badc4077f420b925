using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Sends trains through a socket: each as one message that the kernel cuts, or datagram by datagram where it cannot. Belongs to one thread.</summary>
internal sealed class TrainSender(UdpSocket socket, Offloads offloads) : ITrainSender
{
    // How long a full send buffer holds the thread up, once in a round: long enough for a fast link to make room, and short enough
    // for what comes in meanwhile.
    private const int PatienceMilliseconds = 1;

    private readonly OutgoingMessages messages = new();
    private readonly OutgoingMessages single = new();
    private readonly PieceList cut = new((2 * SendTrain.MaxSegments) + 2);
    private bool mayWait;

    public void Send(ReadOnlySpan<SendTrain> trains)
    {
        mayWait = true;
        if (!offloads[OffloadKind.UdpGso])
        {
            foreach (var train in trains)
            {
                SendCut(train);
            }

            return;
        }

        messages.Clear();
        foreach (var train in trains)
        {
            messages.Add(
                socket,
                train.Peer.Endpoint.GetValueOrDefault(),
                train.Pieces,
                0,
                train.Pieces.Count,
                train.Segments > 1 ? train.SegmentBytes : 0,
                train.TrafficClass);
        }

        for (var first = 0; first < trains.Length;)
        {
            var sent = Send(messages, first);
            for (var i = 0; i < sent; i++)
            {
                trains[first + i].Completed(trains[first + i].Segments, 0);
            }

            first += Math.Max(0, sent);
            if (sent < 0)
            {
                Fail(trains[first++], -sent);
            }
        }
    }

    /// <summary>Sends messages as <see cref="OutgoingMessages.Send"/> does, and once more after a wait if there was no room.</summary>
    private int Send(OutgoingMessages ready, int first)
    {
        var sent = ready.Send(socket, first);
        if (sent == -Errno.EAGAIN && mayWait)
        {
            mayWait = false;
            socket.WaitForRoom(PatienceMilliseconds);
            sent = ready.Send(socket, first);
        }

        return sent;
    }

    private void Fail(SendTrain train, int errno)
    {
        if (train.Segments > 1 && errno is Errno.EIO or Errno.EINVAL or Errno.EMSGSIZE)
        {
            // EIO: the path's device computes no checksums, or the path is transformed (IPsec). EMSGSIZE, and EINVAL of older
            // kernels: a segment is too long, as each datagram by itself will be told; a shorter last one may go.
            if (errno == Errno.EIO)
            {
                offloads.Refuse(OffloadKind.UdpGso, errno);
            }

            SendCut(train);
            return;
        }

        train.Completed(0, errno);
    }

    /// <summary>Sends each datagram by itself.</summary>
    private void SendCut(SendTrain train)
    {
        single.Clear();
        Cut(train);
        var done = 0;
        var sent = 0;
        var errno = 0;
        while (done < single.Count)
        {
            var result = Send(single, done);
            if (result < 0)
            {
                errno = -result;
                done++;
                continue;
            }

            sent += result;
            done += result;
        }

        train.Completed(sent, errno);
    }

    /// <summary>Makes one message of each datagram. A piece that holds the end of one and the beginning of the next is divided.</summary>
    private void Cut(SendTrain train)
    {
        cut.Clear();
        var first = 0;
        var bytes = 0;
        foreach (var piece in train.Pieces.Pieces)
        {
            var rest = piece;
            while (rest.Length > 0)
            {
                var taken = Math.Min((int)rest.Length, train.SegmentBytes - bytes);
                cut.AddSeparate(rest with { Length = taken });
                rest = new MemoryPiece(rest.Address + taken, rest.Length - taken);
                bytes += taken;
                if (bytes == train.SegmentBytes)
                {
                    AddCut(train, first);
                    first = cut.Count;
                    bytes = 0;
                }
            }
        }

        if (bytes > 0)
        {
            AddCut(train, first);
        }
    }

    private void AddCut(SendTrain train, int first) =>
        single.Add(socket, train.Peer.Endpoint.GetValueOrDefault(), cut, first, cut.Count - first, segmentBytes: 0, train.TrafficClass);
}
