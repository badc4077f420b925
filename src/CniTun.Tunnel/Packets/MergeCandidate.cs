using System.Buffers.Binary;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Packets;

/// <summary>A TCP or UDP packet, with what merging needs to know of it.</summary>
internal readonly struct MergeCandidate
{
    private const byte NeverMerged = TransportHeader.Syn | TransportHeader.Fin | TransportHeader.Rst | TransportHeader.Urg | TransportHeader.Cwr;
    private const int FragmentBits = 0xbfff;

    /// <summary>Gets the whole packet.</summary>
    public MemoryPiece Bytes { get; private init; }

    public int IpHeaderBytes { get; private init; }

    /// <summary>Gets how long all headers are.</summary>
    public int HeaderBytes { get; private init; }

    public bool IsTcp { get; private init; }

    public int PayloadBytes => (int)Bytes.Length - HeaderBytes;

    public bool IsIPv6 => IpHeaderBytes == IpPacket.IPv6HeaderBytes;

    public byte Protocol => IsTcp ? TransportHeader.Tcp : TransportHeader.Udp;

    public int ChecksumOffset => IsTcp ? TransportHeader.TcpChecksumOffset : TransportHeader.UdpChecksumOffset;

    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(Transport[TransportHeader.TcpSequenceOffset..]);

    /// <summary>Gets a value indicating whether nothing may be merged behind it.</summary>
    public bool IsPushed => IsTcp && (Transport[TransportHeader.TcpFlagsOffset] & TransportHeader.Psh) != 0;

    public Span<byte> Header => Bytes.Span[..HeaderBytes];

    public Span<byte> Transport => Bytes.Span[IpHeaderBytes..];

    /// <summary>Finds out how a packet is to be treated.</summary>
    /// <param name="bytes">A packet that <see cref="IpPacket.TryParse"/> accepted, without what came behind its end.</param>
    /// <param name="candidate">The packet, for the last two kinds.</param>
    public static MergeKind Classify(MemoryPiece bytes, out MergeCandidate candidate)
    {
        candidate = default;
        ReadOnlySpan<byte> packet = bytes.Span;
        var isIPv6 = packet[0] >> 4 == 6;
        if (!isIPv6 && (packet[0] != 0x45 || (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & FragmentBits) != 0))
        {
            return MergeKind.AfterAll;
        }

        var ipHeaderBytes = isIPv6 ? IpPacket.IPv6HeaderBytes : IpPacket.IPv4HeaderBytes;
        var protocol = packet[isIPv6 ? 6 : 9];
        var transport = packet[ipHeaderBytes..];
        var headerBytes = protocol switch
        {
            TransportHeader.Tcp => TcpHeaderBytes(transport),
            TransportHeader.Udp => transport.Length < TransportHeader.UdpHeaderBytes ? 0 : TransportHeader.UdpHeaderBytes,
            _ => 0,
        };
        if (headerBytes == 0)
        {
            return MergeKind.AfterAll;
        }

        candidate = new MergeCandidate
        {
            Bytes = bytes,
            IpHeaderBytes = ipHeaderBytes,
            HeaderBytes = ipHeaderBytes + headerBytes,
            IsTcp = protocol == TransportHeader.Tcp,
        };
        var carriesData = headerBytes < transport.Length;
        return carriesData && (candidate.IsTcp ? MayTcpMerge(transport) : MayUdpMerge(transport)) ? MergeKind.Merged : MergeKind.AfterItsFlow;
    }

    /// <summary>Tells whether both belong to one connection: family, protocol, addresses and ports.</summary>
    public bool IsSameFlow(in MergeCandidate other)
    {
        if (IpHeaderBytes != other.IpHeaderBytes || IsTcp != other.IsTcp)
        {
            return false;
        }

        var from = IsIPv6 ? 8 : 12;
        return Bytes.Span[from..(IpHeaderBytes + 4)].SequenceEqual(other.Bytes.Span[from..(other.IpHeaderBytes + 4)]);
    }

    /// <returns>0 if the header is not one.</returns>
    private static int TcpHeaderBytes(ReadOnlySpan<byte> transport)
    {
        if (transport.Length < TransportHeader.TcpHeaderBytes)
        {
            return 0;
        }

        var bytes = (transport[12] >> 4) * 4;
        return bytes < TransportHeader.TcpHeaderBytes || bytes > transport.Length ? 0 : bytes;
    }

    private static bool MayTcpMerge(ReadOnlySpan<byte> transport) => (transport[TransportHeader.TcpFlagsOffset] & NeverMerged) == 0;

    private static bool MayUdpMerge(ReadOnlySpan<byte> transport) =>
        BinaryPrimitives.ReadUInt16BigEndian(transport[TransportHeader.UdpLengthOffset..]) == transport.Length
        && BinaryPrimitives.ReadUInt16BigEndian(transport[TransportHeader.UdpChecksumOffset..]) != 0;
}

/// <summary>How a packet is to be treated among others that are being merged, so that none overtakes another of its flow.</summary>
internal enum MergeKind
{
    /// <summary>Alone, when everything before it was written: a fragment, options, extension headers, no TCP or UDP, or a header that is none.</summary>
    AfterAll,

    /// <summary>Alone, when its flow was written: no payload, SYN, FIN, RST, URG, CWR, UDP without checksum or with a length that does not agree.</summary>
    AfterItsFlow,

    /// <summary>Together with others of its flow.</summary>
    Merged,
}
