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

    [Fact]
    public unsafe void Messages_are_laid_out_as_in_the_headers() =>
        new StaticAsserts("sys/socket.h", "netinet/udp.h")
            .Size("struct mmsghdr", sizeof(MessageHeader))
            .Offset("struct mmsghdr", "msg_hdr.msg_name", HeaderOffsetOf(nameof(MessageHeader.Name)))
            .Offset("struct mmsghdr", "msg_hdr.msg_namelen", HeaderOffsetOf(nameof(MessageHeader.NameLength)))
            .Offset("struct mmsghdr", "msg_hdr.msg_iov", HeaderOffsetOf(nameof(MessageHeader.Pieces)))
            .Offset("struct mmsghdr", "msg_hdr.msg_iovlen", HeaderOffsetOf(nameof(MessageHeader.PieceCount)))
            .Offset("struct mmsghdr", "msg_hdr.msg_control", HeaderOffsetOf(nameof(MessageHeader.Control)))
            .Offset("struct mmsghdr", "msg_hdr.msg_controllen", HeaderOffsetOf(nameof(MessageHeader.ControlLength)))
            .Offset("struct mmsghdr", "msg_hdr.msg_flags", HeaderOffsetOf(nameof(MessageHeader.Flags)))
            .Offset("struct mmsghdr", "msg_len", HeaderOffsetOf(nameof(MessageHeader.Length)))
            .Expression($"sizeof(((struct msghdr *)0)->msg_namelen) == {sizeof(uint)}")
            .Expression($"sizeof(((struct msghdr *)0)->msg_flags) == {sizeof(int)}")
            .Constant("MSG_TRUNC", Libc.MSG_TRUNC)
            .Constant("MSG_DONTWAIT", Libc.MSG_DONTWAIT)
            .Constant("SOL_UDP", Libc.SOL_UDP)
            .Constant("UDP_SEGMENT", Libc.UDP_SEGMENT)
            .Constant("UDP_GRO", Libc.UDP_GRO)
            .Verify();

    [Fact]
    public unsafe void Control_messages_are_laid_out_as_in_the_headers() =>
        new StaticAsserts("sys/socket.h")
            .Size("struct cmsghdr", ControlMessage.HeaderBytes)
            .Offset("struct cmsghdr", "cmsg_len", ControlOffsetOf(nameof(ControlMessage.Length)))
            .Offset("struct cmsghdr", "cmsg_level", ControlOffsetOf(nameof(ControlMessage.Level)))
            .Offset("struct cmsghdr", "cmsg_type", ControlOffsetOf(nameof(ControlMessage.Type)))
            .Constant("CMSG_LEN(0)", ControlOffsetOf(nameof(ControlMessage.Data)))
            .Constant("CMSG_LEN(2)", ControlMessage.HeaderBytes + sizeof(ushort))
            .Constant("CMSG_LEN(4)", ControlMessage.HeaderBytes + sizeof(int))
            .Constant("CMSG_SPACE(1)", ControlMessage.Space)
            .Constant("CMSG_SPACE(8)", ControlMessage.Space)
            .Constant("CMSG_SPACE(8)", sizeof(ControlMessage))
            .Verify();

    private static long HeaderOffsetOf(string field) => (long)Marshal.OffsetOf<MessageHeader>(field);

    private static long ControlOffsetOf(string field) => (long)Marshal.OffsetOf<ControlMessage>(field);

    private static long OffsetOf(string field) => (long)Marshal.OffsetOf<SocketAddress>(field);
}
