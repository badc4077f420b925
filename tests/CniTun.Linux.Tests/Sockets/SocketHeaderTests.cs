using System.Runtime.InteropServices;
using CniTun.Linux.Sockets;

namespace CniTun.Linux.Tests.Sockets;

public sealed class SocketHeaderTests
{
    [Fact]
    public unsafe void Our_constants_and_layouts_are_those_of_the_headers() =>
        new StaticAsserts("sys/socket.h", "netinet/in.h")
            .Constant("AF_INET", Libc.AF_INET)
            .Constant("AF_INET6", Libc.AF_INET6)
            .Size("struct sockaddr_in", SocketAddress.IPv4Bytes)
            .Size("struct sockaddr_in6", SocketAddress.IPv6Bytes)
            .Size("struct sockaddr_in6", sizeof(SocketAddress))
            .Offset("struct sockaddr_in", "sin_family", OffsetOf(nameof(SocketAddress.Family)))
            .Offset("struct sockaddr_in", "sin_port", OffsetOf(nameof(SocketAddress.Port)))
            .Offset("struct sockaddr_in", "sin_addr", OffsetOf(nameof(SocketAddress.IPv4Address)))
            .Offset("struct sockaddr_in6", "sin6_family", OffsetOf(nameof(SocketAddress.Family)))
            .Offset("struct sockaddr_in6", "sin6_port", OffsetOf(nameof(SocketAddress.Port)))
            .Offset("struct sockaddr_in6", "sin6_addr", OffsetOf(nameof(SocketAddress.IPv6Address)))
            .Verify();

    private static long OffsetOf(string field) => (long)Marshal.OffsetOf<SocketAddress>(field);
}
