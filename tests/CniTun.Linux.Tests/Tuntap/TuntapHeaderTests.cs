using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux.Tests.Tuntap;

public sealed class TuntapHeaderTests
{
    [Fact]
    public unsafe void Our_constants_and_layouts_are_those_of_the_headers() =>
        new StaticAsserts("sys/ioctl.h", "linux/if.h", "linux/if_tun.h", "errno.h")
            .Constant("IFNAMSIZ", InterfaceRequest.IFNAMSIZ)
            .Constant("TUNSETIFF", Libc.TUNSETIFF)
            .Constant("IFF_NO_PI", Libc.IFF_NO_PI)
            .Constant("IFF_TUN", (long)TunOptions.Tun)
            .Constant("IFF_TAP", (long)TunOptions.Tap)
            .Constant("IFF_MULTI_QUEUE", (long)TunOptions.MultiQueue)
            .Constant("IFF_VNET_HDR", (long)TunOptions.VirtioHeader)
            .Constant("EBADFD", Errno.EBADFD)
            .Size("struct ifreq", sizeof(InterfaceRequest))
            .Offset("struct ifreq", "ifr_name", OffsetOf(nameof(InterfaceRequest.ifr_name)))
            .Offset("struct ifreq", "ifr_flags", OffsetOf(nameof(InterfaceRequest.ifr_flags)))
            .Verify();

    [Fact]
    public void The_virtio_header_is_that_of_the_headers() =>
        new StaticAsserts("linux/virtio_net.h")
            .Size("struct virtio_net_hdr", VirtioHeader.Bytes)
            .Size("struct virtio_net_hdr", Unsafe.SizeOf<VirtioHeader>())
            .Offset("struct virtio_net_hdr", "flags", VirtioOffsetOf(nameof(VirtioHeader.Flags)))
            .Offset("struct virtio_net_hdr", "gso_type", VirtioOffsetOf(nameof(VirtioHeader.GsoType)))
            .Offset("struct virtio_net_hdr", "hdr_len", VirtioOffsetOf(nameof(VirtioHeader.HdrLen)))
            .Offset("struct virtio_net_hdr", "gso_size", VirtioOffsetOf(nameof(VirtioHeader.GsoSize)))
            .Offset("struct virtio_net_hdr", "csum_start", VirtioOffsetOf(nameof(VirtioHeader.CsumStart)))
            .Offset("struct virtio_net_hdr", "csum_offset", VirtioOffsetOf(nameof(VirtioHeader.CsumOffset)))
            .Constant("VIRTIO_NET_HDR_F_NEEDS_CSUM", VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM)
            .Constant("VIRTIO_NET_HDR_GSO_NONE", VirtioHeader.VIRTIO_NET_HDR_GSO_NONE)
            .Constant("VIRTIO_NET_HDR_GSO_TCPV4", VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4)
            .Constant("VIRTIO_NET_HDR_GSO_TCPV6", VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV6)
            .ConstantIfKnown("VIRTIO_NET_HDR_GSO_UDP_L4", VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4)
            .Constant("VIRTIO_NET_HDR_GSO_ECN", VirtioHeader.VIRTIO_NET_HDR_GSO_ECN)
            .Verify();

    [Fact]
    public void The_offloads_are_those_of_the_headers() =>
        new StaticAsserts("sys/ioctl.h", "linux/if_tun.h")
            .Constant("TUNSETOFFLOAD", Libc.TUNSETOFFLOAD)
            .Constant("TUN_F_CSUM", (long)TunOffloads.Checksum)
            .Constant("TUN_F_TSO4", (long)TunOffloads.Tso4)
            .Constant("TUN_F_TSO6", (long)TunOffloads.Tso6)
            .Constant("TUN_F_TSO_ECN", (long)TunOffloads.TsoEcn)
            .ConstantIfKnown("TUN_F_USO4", (long)TunOffloads.Uso4)
            .ConstantIfKnown("TUN_F_USO6", (long)TunOffloads.Uso6)
            .Verify();

    private static long OffsetOf(string field) => (long)Marshal.OffsetOf<InterfaceRequest>(field);

    private static long VirtioOffsetOf(string field) => (long)Marshal.OffsetOf<VirtioHeader>(field);
}
