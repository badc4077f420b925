using CniTun.Linux.Buffers;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Datagrams that go to one peer in one send: equally long, but for the last, which may be shorter and then ends the train.
/// The bytes lie where they were read; headers that were made anew lie in the train. Used again and again by one thread.
/// </summary>
public sealed class SendTrain
{
    /// <summary>How many datagrams the kernel makes of one message at most; 64 before Linux 6.9, and enough.</summary>
    public const int MaxSegments = 64;

    // With the headers of Ethernet (14, and 4 of a VLAN), IPv6 (40) and UDP (8) still below 65,536, the most that a device takes
    // to be cut; the kernel would cut a longer one itself, datagram by datagram, before the device.
    private const int MaxBytes = 65464;
    private const int HeaderSpace = 8192;

    // The header and the payload of each datagram, and a payload may lie in two parts.
    private readonly PieceList pieces = new((2 * MaxSegments) + 2);
    private readonly PinnedBuffer headers = new(HeaderSpace);
    private int headerBytes;
    private bool isClosed;

    /// <summary>Gets where it goes; its endpoint is known.</summary>
    public Peer Peer { get; private set; } = null!;

    /// <summary>Gets DSCP and ECN of every outer header.</summary>
    public byte TrafficClass { get; private set; }

    /// <summary>Gets how long each datagram is but the last.</summary>
    public int SegmentBytes { get; private set; }

    /// <summary>Gets how many datagrams there are, each of which is one inner packet.</summary>
    public int Segments { get; private set; }

    /// <summary>Gets how long all are together.</summary>
    public int Bytes { get; private set; }

    /// <summary>Gets the datagrams, one behind the other.</summary>
    public PieceList Pieces => pieces;

    /// <summary>Gets how sending ended: 0 or an errno; not known before.</summary>
    public int Errno { get; private set; }

    /// <summary>Gets how many of its datagrams went out.</summary>
    public int SentSegments { get; private set; }

    /// <summary>Begins a new train, in which datagrams of this length fit.</summary>
    public void Begin(Peer peer, byte trafficClass, int segmentBytes)
    {
        Peer = peer;
        TrafficClass = trafficClass;
        SegmentBytes = segmentBytes;
        Segments = 0;
        Bytes = 0;
        headerBytes = 0;
        isClosed = false;
        pieces.Clear();
    }

    /// <summary>Tells whether a datagram may follow the ones that are there.</summary>
    public bool Takes(byte trafficClass, int bytes, int newHeaderBytes) =>
        !isClosed
        && bytes <= SegmentBytes
        && Segments < MaxSegments
        && Bytes + bytes <= MaxBytes
        && headerBytes + newHeaderBytes <= HeaderSpace
        && TrafficClass == trafficClass
        && !pieces.IsFull;

    /// <summary>Adds a datagram that lies in one piece.</summary>
    public void Add(MemoryPiece datagram)
    {
        pieces.Add(datagram);
        Count((int)datagram.Length);
    }

    /// <summary>Adds a datagram whose header is made here.</summary>
    /// <returns>Where to write the header.</returns>
    public Span<byte> Add(int newHeaderBytes, MemoryPiece payload)
    {
        pieces.Add(headers.Piece(headerBytes, newHeaderBytes));
        pieces.Add(payload);
        Count(newHeaderBytes + (int)payload.Length);
        headerBytes += newHeaderBytes;
        return headers.Span(headerBytes - newHeaderBytes, newHeaderBytes);
    }

    /// <summary>Notes how sending ended.</summary>
    public void Completed(int sentSegments, int errno)
    {
        SentSegments = sentSegments;
        Errno = errno;
    }

    private void Count(int bytes)
    {
        Segments++;
        Bytes += bytes;
        isClosed = bytes < SegmentBytes;
    }
}

/// <summary>Sends what the outbound core made ready. The loop does it with a socket, a test with a list.</summary>
public interface ITrainSender
{
    /// <summary>Sends trains in this order and tells <see cref="SendTrain.Completed"/> of each how it ended. They are used again afterwards.</summary>
    void Send(ReadOnlySpan<SendTrain> trains);
}
