using System.Runtime.InteropServices;

namespace CniTun.Linux.Tuntap;

/// <summary><c>struct virtio_net_hdr</c> (linux/virtio_net.h), which goes before each packet of a TUN that was opened with it.</summary>
/// <remarks>
/// <code>
/// byte   0      1          2         4          6            8
///        flags  gso_type   hdr_len   gso_size   csum_start   csum_offset
/// </code>
/// In the byte order of the machine. Offsets count from the first byte of the packet.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 2, Size = Bytes)]
public struct VirtioHeader
{
    public const int Bytes = 10;

    /// <summary>Flag: the checksum at csum_start + csum_offset holds that of the pseudo header alone, and the rest is to be added.</summary>
    public const byte VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;

    public const byte VIRTIO_NET_HDR_GSO_NONE = 0;
    public const byte VIRTIO_NET_HDR_GSO_TCPV4 = 1;
    public const byte VIRTIO_NET_HDR_GSO_TCPV6 = 4;
    public const byte VIRTIO_NET_HDR_GSO_UDP_L4 = 5;

    /// <summary>Or-ed to a TCP type: the first segment has CWR.</summary>
    public const byte VIRTIO_NET_HDR_GSO_ECN = 0x80;

    public byte Flags;
    public byte GsoType;

    /// <summary>How many bytes the kernel shall keep together: all headers.</summary>
    public ushort HdrLen;

    /// <summary>Payload bytes of each segment but the last, which may have fewer.</summary>
    public ushort GsoSize;

    public ushort CsumStart;
    public ushort CsumOffset;
}
