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

    private static long OffsetOf(string field) => (long)System.Runtime.InteropServices.Marshal.OffsetOf<InterfaceRequest>(field);
}
