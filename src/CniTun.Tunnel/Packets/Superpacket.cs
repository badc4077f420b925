using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// What the kernel left to do for a packet that it routed into the TUN: a checksum to finish, or a superpacket to cut. Checks
/// the virtio header against the packet, since no offset in it is to be trusted.
/// </summary>
internal readonly ref struct Superpacket
{
    /// <summary>Gets where TCP or UDP begins.</summary>
    public int TransportOffset { get; private init; }

    /// <summary>Gets how many bytes each segment repeats: all headers.</summary>
    public int HeaderBytes { get; private init; }

    /// <summary>Gets how many bytes of payload each segment has, but for the last.</summary>
    public int SegmentPayloadBytes { get; private init; }

    public bool IsTcp { get; private init; }

    public byte Protocol => IsTcp ? TransportHeader.Tcp : TransportHeader.Udp;

    /// <summary>Gets where the checksum lies behind <see cref="TransportOffset"/>.</summary>
    public int ChecksumOffset => IsTcp ? TransportHeader.TcpChecksumOffset : TransportHeader.UdpChecksumOffset;

    /// <summary>Reads how a packet is to be cut.</summary>
    /// <param name="virtio">With a type other than GSO_NONE.</param>
    /// <param name="packet">The packet that it came with.</param>
    /// <param name="superpacket">What to do.</param>
    /// <returns><see cref="Drop.None"/> or <see cref="Drop.BadOffload"/>.</returns>
    public static Drop TryParse(in VirtioHeader virtio, in IpPacket packet, out Superpacket superpacket)
    {
        superpacket = default;
        var type = virtio.GsoType & ~VirtioHeader.VIRTIO_NET_HDR_GSO_ECN;
        var isTcp = type == (packet.IsIPv6 ? VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV6 : VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4);
        int transport = virtio.CsumStart;
        if ((!isTcp && type != VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4)
            || virtio.GsoSize == 0
            || !IsTransportAt(transport, packet, isTcp ? TransportHeader.Tcp : TransportHeader.Udp)
            || transport + (isTcp ? TransportHeader.TcpHeaderBytes : TransportHeader.UdpHeaderBytes) > packet.Bytes.Length)
        {
            return Drop.BadOffload;
        }

        var headers = transport + (isTcp ? (packet.Bytes[transport + 12] >> 4) * 4 : TransportHeader.UdpHeaderBytes);
        if (headers < transport + (isTcp ? TransportHeader.TcpHeaderBytes : TransportHeader.UdpHeaderBytes) || headers >= packet.Bytes.Length || headers > Segmenter.MaxHeaderBytes)
        {
            return Drop.BadOffload;
        }

        superpacket = new Superpacket
        {
            TransportOffset = transport,
            HeaderBytes = headers,
            SegmentPayloadBytes = virtio.GsoSize,
            IsTcp = isTcp,
        };
        return Drop.None;
    }

    /// <summary>Tells whether the protocol begins there. Extension headers of IPv6 may lie before it, and are believed to lead there.</summary>
    private static bool IsTransportAt(int offset, in IpPacket packet, byte protocol) => packet.IsIPv6
        ? offset > IpPacket.IPv6HeaderBytes || (offset == IpPacket.IPv6HeaderBytes && packet.Bytes[6] == protocol)
        : offset == (packet.Bytes[0] & 0xf) * 4 && packet.Bytes[9] == protocol;

    /// <summary>Finishes a checksum that covers the pseudo header alone.</summary>
    /// <param name="virtio">With NEEDS_CSUM and without a superpacket.</param>
    /// <param name="packet">The packet, changed in place.</param>
    /// <returns><see cref="Drop.None"/> or <see cref="Drop.BadOffload"/>.</returns>
    public static Drop TryFinishChecksum(in VirtioHeader virtio, Span<byte> packet)
    {
        int start = virtio.CsumStart;
        var field = start + virtio.CsumOffset;
        if (field + sizeof(ushort) > packet.Length)
        {
            return Drop.BadOffload;
        }

        // The field itself holds the sum of the pseudo header, so that it is part of the sum.
        var sum = Checksum.Finish(Checksum.Sum(packet[start..]));

        // UDP's 0 says that there is no checksum; all ones is the same number.
        Checksum.Write(packet[field..], sum == 0 && virtio.CsumOffset == TransportHeader.UdpChecksumOffset ? ushort.MaxValue : sum);
        return Drop.None;
    }
}
