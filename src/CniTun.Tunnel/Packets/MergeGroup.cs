using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Headers;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Packets of one flow that follow one another, and become one superpacket when they are written. The bytes lie where they
/// were received; the first packet's header is changed to that of all. Used again and again by one thread.
/// </summary>
/// <remarks>
/// A packet may follow if its headers are those that cutting the superpacket would make: all fields equal but lengths,
/// identification, sequence, PSH and checksums, and those as they have to be. What a superpacket is made of is not looked at
/// again by the kernel, so each packet's checksums are.
/// </remarks>
internal sealed class MergeGroup
{
    // The kernel refuses a superpacket of UDP that has more.
    private const int MaxSegments = 64;
    private const int MaxPacketBytes = 65535;
    private const int DontFragmentBit = 0x40;

    // Virtio header, first packet, payloads.
    private readonly PieceList pieces = new(MaxSegments + 3);
    private readonly PinnedBuffer virtio = new(VirtioHeader.Bytes);
    private MergeCandidate head;

    // Of the pseudo header, all but the length.
    private ulong flowSum;
    private int totalBytes;
    private uint nextSequence;
    private bool isHeadChecked;
    private bool isClosed;
    private bool isPushed;

    /// <summary>Gets whom the packets came from.</summary>
    public Peer Peer { get; private set; } = null!;

    /// <summary>Gets how many packets there are.</summary>
    public int Segments { get; private set; }

    public bool IsTcp => head.IsTcp;

    /// <summary>Begins anew with one packet.</summary>
    public void Begin(in MergeCandidate first, Peer peer)
    {
        head = first;
        Peer = peer;
        Segments = 1;
        totalBytes = (int)first.Bytes.Length;
        flowSum = Checksum.PseudoHeader(IpHeader.Addresses(first.Header), first.Protocol, 0);
        isPushed = first.IsPushed;
        nextSequence = first.IsTcp ? first.Sequence + (uint)first.PayloadBytes : 0;
        isHeadChecked = false;
        isClosed = isPushed;
        pieces.Clear();
        pieces.Add(virtio.Piece(0, VirtioHeader.Bytes));
        pieces.Add(first.Bytes);
    }

    /// <summary>Tells whether the group is of the packet's flow.</summary>
    public bool IsOf(in MergeCandidate packet) => head.IsSameFlow(packet);

    /// <summary>Adds what is the flow's next packet and undamaged, whatever else the bytes may be.</summary>
    /// <returns>False if it may not follow: it is of another flow, or the group has to be written before it.</returns>
    public bool TryAdd(MemoryPiece bytes)
    {
        var payloadBytes = (int)bytes.Length - head.HeaderBytes;
        if (isClosed
            || payloadBytes <= 0
            || payloadBytes > head.PayloadBytes
            || Segments == MaxSegments
            || totalBytes + payloadBytes > MaxPacketBytes
            || !Follows(ref MemoryMarshal.GetReference(bytes.Span), (int)bytes.Length)
            || !IsUndamaged(bytes.Span)
            || !IsHeadUndamaged())
        {
            return false;
        }

        pieces.Add(new MemoryPiece(bytes.Address + head.HeaderBytes, payloadBytes));
        isPushed = head.IsTcp && (bytes.Span[head.IpHeaderBytes + TransportHeader.TcpFlagsOffset] & TransportHeader.Psh) != 0;
        nextSequence += (uint)payloadBytes;
        Segments++;
        totalBytes += payloadBytes;
        isClosed = isPushed || payloadBytes < head.PayloadBytes;
        return true;
    }

    /// <summary>Makes the packet to write: the only one as it came, or several as one superpacket.</summary>
    public PieceList Finish()
    {
        var header = default(VirtioHeader);
        if (Segments > 1)
        {
            WriteHeader();
            header = new VirtioHeader
            {
                Flags = VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM,
                GsoType = GsoType(),
                HdrLen = (ushort)head.HeaderBytes,
                GsoSize = (ushort)head.PayloadBytes,
                CsumStart = (ushort)head.IpHeaderBytes,
                CsumOffset = (ushort)head.ChecksumOffset,
            };
        }

        MemoryMarshal.Write(virtio.Span(0, VirtioHeader.Bytes), header);
        return pieces;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Read<T>(ref byte bytes, int offset)
        where T : unmanaged => Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref bytes, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort ReadWord(ref byte bytes, int offset) => BinaryPrimitives.ReverseEndianness(Read<ushort>(ref bytes, offset));

    /// <summary>Compares headers; the packet is at least as long as the head's.</summary>
    private bool Follows(ref byte packet, int length)
    {
        ref var first = ref MemoryMarshal.GetReference(head.Bytes.Span);
        return head.IsIPv6
            ? FollowsIPv6(ref packet, ref first, length) && FollowsTransport(ref Unsafe.Add(ref packet, 40), ref Unsafe.Add(ref first, 40), length - 40)
            : FollowsIPv4(ref packet, ref first, length) && FollowsTransport(ref Unsafe.Add(ref packet, 20), ref Unsafe.Add(ref first, 20), length - 20);
    }

    /// <remarks>The identification has to rise by one a packet or, where it means nothing (DF, RFC 6864), to stay the same.</remarks>
    private bool FollowsIPv4(ref byte packet, ref byte first, int length)
    {
        var id = ReadWord(ref packet, 4);
        var firstId = ReadWord(ref first, 4);
        return Read<ushort>(ref packet, 0) == Read<ushort>(ref first, 0)
            && ReadWord(ref packet, 2) == length
            && (id == (ushort)(firstId + Segments) || (id == firstId && (Read<byte>(ref first, 6) & DontFragmentBit) != 0))
            && Read<uint>(ref packet, 6) == Read<uint>(ref first, 6)
            && Read<ulong>(ref packet, 12) == Read<ulong>(ref first, 12);
    }

    private static bool FollowsIPv6(ref byte packet, ref byte first, int length) =>
        Read<uint>(ref packet, 0) == Read<uint>(ref first, 0)
        && ReadWord(ref packet, 4) == length - IpPacket.IPv6HeaderBytes
        && Read<ushort>(ref packet, 6) == Read<ushort>(ref first, 6)
        && Read<UInt128>(ref packet, 8) == Read<UInt128>(ref first, 8)
        && Read<UInt128>(ref packet, 24) == Read<UInt128>(ref first, 24);

    private bool FollowsTransport(ref byte transport, ref byte first, int length)
    {
        if (Read<uint>(ref transport, 0) != Read<uint>(ref first, 0))
        {
            return false;
        }

        if (!head.IsTcp)
        {
            return ReadWord(ref transport, TransportHeader.UdpLengthOffset) == length
                && Read<ushort>(ref transport, TransportHeader.UdpChecksumOffset) != 0;
        }

        // Acknowledgement; header length, flags but PSH, and window; urgent pointer; options.
        var difference = Read<uint>(ref transport, 12) ^ Read<uint>(ref first, 12);
        return BinaryPrimitives.ReverseEndianness(Read<uint>(ref transport, TransportHeader.TcpSequenceOffset)) == nextSequence
            && Read<uint>(ref transport, 8) == Read<uint>(ref first, 8)
            && (difference & ~BinaryPrimitives.ReverseEndianness((uint)TransportHeader.Psh << 16)) == 0
            && Read<ushort>(ref transport, 18) == Read<ushort>(ref first, 18)
            && HasSameOptions(ref transport, ref first);
    }

    private bool HasSameOptions(ref byte transport, ref byte first)
    {
        for (var at = TransportHeader.TcpHeaderBytes; at < head.HeaderBytes - head.IpHeaderBytes; at += sizeof(uint))
        {
            if (Read<uint>(ref transport, at) != Read<uint>(ref first, at))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsUndamaged(ReadOnlySpan<byte> packet) =>
        (head.IsIPv6 || IpHeader.HasValidIPv4Checksum(packet))
        && Checksum.IsValid(
            flowSum + Checksum.Word((ushort)(packet.Length - head.IpHeaderBytes)) + Checksum.Sum(packet[head.IpHeaderBytes..]));

    /// <summary>Looks at the first packet only when a second one has come: most are alone.</summary>
    private bool IsHeadUndamaged() => isHeadChecked || (isHeadChecked = IsUndamaged(head.Bytes.Span));

    private byte GsoType()
    {
        if (!head.IsTcp)
        {
            return VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4;
        }

        return head.IsIPv6 ? VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV6 : VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4;
    }

    /// <summary>Writes the lengths of all, the last one's PSH, and the pseudo header's sum as checksum, to which the kernel adds the rest.</summary>
    private void WriteHeader()
    {
        var header = head.Header;
        var transport = header[head.IpHeaderBytes..];
        var transportBytes = totalBytes - head.IpHeaderBytes;
        if (head.IsIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)transportBytes);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalBytes);
            IpHeader.WriteIPv4Checksum(header);
        }

        if (!head.IsTcp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[TransportHeader.UdpLengthOffset..], (ushort)transportBytes);
        }
        else if (isPushed)
        {
            transport[TransportHeader.TcpFlagsOffset] |= TransportHeader.Psh;
        }

        Checksum.Write(transport[head.ChecksumOffset..], Checksum.Fold(flowSum + Checksum.Word((ushort)transportBytes)));
    }
}
