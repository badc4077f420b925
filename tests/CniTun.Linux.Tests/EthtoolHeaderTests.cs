using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests;

public sealed class EthtoolHeaderTests
{
    [Fact]
    public void Ethtool_constants_and_structs_are_those_of_the_headers() => new StaticAsserts("linux/if.h", "linux/sockios.h", "linux/ethtool.h")
        .Constant("SIOCETHTOOL", Libc.SIOCETHTOOL)
        .Constant("ETHTOOL_GLINK", Libc.ETHTOOL_GLINK)
        .Size("struct ifreq", Unsafe.SizeOf<EthtoolRequest>())
        .Offset("struct ifreq", "ifr_data", (int)Marshal.OffsetOf<EthtoolRequest>(nameof(EthtoolRequest.ifr_data)))
        .Size("struct ethtool_value", Unsafe.SizeOf<EthtoolValue>())
        .Offset("struct ethtool_value", "data", (int)Marshal.OffsetOf<EthtoolValue>(nameof(EthtoolValue.data)))
        .Verify();
}
