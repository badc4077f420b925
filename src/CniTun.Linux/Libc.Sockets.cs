namespace CniTun.Linux;

/// <content>Sockets: constants that Tmds.LibC has as properties only, so that they can be no constants (bits/socket.h, linux/in.h).</content>
internal static partial class Libc
{
    public const ushort AF_INET = 2;
    public const ushort AF_INET6 = 10;
}
