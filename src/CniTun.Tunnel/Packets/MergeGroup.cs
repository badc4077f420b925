using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Packets of one flow that follow one another, and become one superpacket when they are written. The bytes lie where they
/// were received; the first packet's header is changed to that of all. Used again and again by one thread.
/// </summary>
internal sealed class MergeGroup
{
    // The kernel refuses a superpacket of UDP that has more.
    private const int MaxSegments = 64;
    private const int MaxPacketBytes = 65535;

    // Virtio header, first packet, payloads.
    private readonly PieceList pieces = new(MaxSegments + 3);
    private readonly PinnedBuffer virtio = new(VirtioHeader.Bytes);
    private MergeCandidate head;
    private MergeCandidate last;
    private int totalBytes;
    private bool isHeadChecked;
    private bool isClosed;

    /// <summary>Gets whom the packets came from.</summary>
    public Peer Peer { get; private set; } = null!;

    /// <summary>Gets how many packets there are.</summary>
    public int Segments { get; private set; }

    /// <summary>Begins anew with one packet.</summary>
    public void Begin(in MergeCandidate first, Peer peer)
    {
        head = first;
        last = first;
        Peer = peer;
        Segments = 1;
        totalBytes = (int)first.Bytes.Length;
        isHeadChecked = false;
        isClosed = first.IsPushed;
        pieces.Clear();
        pieces.Add(virtio.Piece(0, VirtioHeader.Bytes));
        pieces.Add(first.Bytes);
    }

    /// <summary>Tells whether the group is of the packet's flow.</summary>
    public bool IsOf(in MergeCandidate packet, Peer peer) => Peer == peer && head.IsSameFlow(packet);

    /// <summary>Adds a packet of the same flow.</summary>
    /// <returns>False if it may not follow; the group has to be written before it.</returns>
    public bool TryAdd(in MergeCandidate next)
    {
        if (!MayFollow(next) || !next.HasValidChecksums())
        {
            return false;
        }

        if (!isHeadChecked)
        {
            if (!head.HasValidChecksums())
            {
                return false;
            }

            isHeadChecked = true;
        }

        pieces.Add(next.Payload);
        last = next;
        Segments++;
        totalBytes += next.PayloadBytes;
        isClosed = next.IsPushed || next.PayloadBytes < head.PayloadBytes;
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

    /// <summary>
    /// Of IPv4 the identification has to rise by one a packet, or, if it means nothing (DF, RFC 6864), to stay the same.
    /// </summary>
    private bool MayFollow(in MergeCandidate next) =>
        !isClosed
        && Segments < MaxSegments
        && next.PayloadBytes <= head.PayloadBytes
        && totalBytes + next.PayloadBytes <= MaxPacketBytes
        && head.HasSameFixedFields(next)
        && (!head.IsTcp || next.Sequence == last.Sequence + (uint)last.PayloadBytes)
        && (head.IsIPv6
            || next.IPv4Id == (ushort)(head.IPv4Id + Segments)
            || (head.DontFragment && next.IPv4Id == head.IPv4Id));

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
            IPv4Header.WriteChecksum(header);
        }

        if (head.IsTcp)
        {
            transport[TransportHeader.TcpFlagsOffset] |= (byte)(last.Transport[TransportHeader.TcpFlagsOffset] & TransportHeader.Psh);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[TransportHeader.UdpLengthOffset..], (ushort)transportBytes);
        }

        Checksum.Write(
            transport[head.ChecksumOffset..],
            Checksum.Fold(Checksum.PseudoHeader(IPv4Header.Addresses(header), head.Protocol, transportBytes)));
    }
}
