using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux;

/// <content>TUN/TAP devices (linux/if_tun.h).</content>
internal static partial class Libc
{
    public const short IFF_NO_PI = 0x1000;

    public const uint TUNSETIFF = 0x400454ca;

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, ref InterfaceRequest argument);
}
