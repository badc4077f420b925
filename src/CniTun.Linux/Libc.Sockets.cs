using System.Runtime.InteropServices;
using CniTun.Linux.Sockets;

namespace CniTun.Linux;

/// <content>Sockets: what Tmds.LibC lacks, or has as properties, so that it can be no constant (bits/socket.h, linux/in.h, linux/udp.h).</content>
internal static partial class Libc
{
    public const ushort AF_INET = 2;
    public const ushort AF_INET6 = 10;

    /// <summary>Level of UDP's options and control messages.</summary>
    public const int SOL_UDP = 17;

    /// <summary>Sent: u16, how long each datagram is that the kernel cuts a message into. At most 64 of them before Linux 6.9, then 128.</summary>
    public const int UDP_SEGMENT = 103;

    /// <summary>Option: take several datagrams as one message. Received: int, how long each was.</summary>
    public const int UDP_GRO = 104;

    public const int MSG_TRUNC = 0x20;
    public const int MSG_DONTWAIT = 0x40;

    /// <param name="fd">The socket.</param>
    /// <param name="messages">As many as <paramref name="count"/>; the length that went out is written to each.</param>
    /// <param name="count">At most 1,024.</param>
    /// <param name="flags">MSG_*.</param>
    /// <returns>How many messages were sent; -1 if the first one failed.</returns>
    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int sendmmsg(int fd, MessageHeader* messages, uint count, int flags);

    /// <inheritdoc cref="sendmmsg"/>
    /// <returns>How many messages were received; -1 if none.</returns>
    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int recvmmsg(int fd, MessageHeader* messages, uint count, int flags, nint timeout);
}
