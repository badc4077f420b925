using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux;

/// <content>TUN/TAP devices (linux/if_tun.h).</content>
internal static partial class Libc
{
    public const short IFF_NO_PI = 0x1000;

    public const uint TUNSETIFF = 0x400454ca;
    public const uint TUNSETOFFLOAD = 0x400454d0;

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, ref InterfaceRequest argument);

    /// <param name="fd">The file.</param>
    /// <param name="pieces">An array of <c>struct iovec</c>.</param>
    /// <param name="count">How many it has, at most 1,024.</param>
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint writev(int fd, nint pieces, int count);
}
