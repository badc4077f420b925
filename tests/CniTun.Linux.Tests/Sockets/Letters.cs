using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;

namespace CniTun.Linux.Tests.Sockets;

/// <summary>What a message was when it came out of a socket.</summary>
internal sealed record Letter(byte[] Bytes, int SegmentBytes, byte TrafficClass, IpEndpoint Source, bool IsTruncated);

/// <summary>Counting bytes to send, and what arrives of them.</summary>
internal sealed class Letters
{
    private readonly PinnedBuffer buffer = new(65536);
    private readonly List<PieceList> kept = [];

    public Letters()
    {
        for (var i = 0; i < buffer.Length; i++)
        {
            buffer.Span(i, 1)[0] = (byte)(i * 7 / 5);
        }
    }

    public OutgoingMessages Outgoing { get; } = new();

    public IncomingMessages Incoming { get; } = new();

    public byte[] Bytes(int offset, int length) => buffer.Span(offset, length).ToArray();

    /// <summary>Adds a message of one piece.</summary>
    public void Add(UdpSocket from, string to, int length, int segmentBytes = 0, byte trafficClass = 0) => Add(from, to, [(0, length)], segmentBytes, trafficClass);

    /// <summary>Adds a message that is gathered from several places.</summary>
    public void Add(UdpSocket from, string to, (int Offset, int Length)[] parts, int segmentBytes = 0, byte trafficClass = 0)
    {
        // One more before, so that the first piece is not the list's.
        var list = new PieceList(parts.Length + 1);
        list.AddSeparate(buffer.Piece(60_000, 1));
        foreach (var (offset, length) in parts)
        {
            list.AddSeparate(buffer.Piece(offset, length));
        }

        kept.Add(list);
        Outgoing.Add(from, IpEndpoint.Parse(to), list, 1, parts.Length, segmentBytes, trafficClass);
    }

    /// <summary>Waits for so many messages.</summary>
    public List<Letter> Receive(UdpSocket socket, int count)
    {
        var letters = new List<Letter>();
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Eventually.Limit, Timeout.InfiniteTimeSpan);
        while (letters.Count < count && stop.WaitReadable(socket))
        {
            letters.AddRange(ReceiveRound(socket));
        }

        return letters;
    }

    /// <summary>Takes what one round holds.</summary>
    public List<Letter> ReceiveRound(UdpSocket socket)
    {
        Incoming.Clear();
        bool mayHaveMore;
        do
        {
            Incoming.Receive(socket, out mayHaveMore);
        }
        while (mayHaveMore);

        var letters = new List<Letter>();
        foreach (var message in Incoming.Messages)
        {
            letters.Add(new Letter(message.Bytes.Span.ToArray(), message.SegmentBytes, message.TrafficClass, message.Source, message.IsTruncated));
        }

        return letters;
    }
}
