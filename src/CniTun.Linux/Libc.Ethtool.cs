using System.Runtime.InteropServices;
using CniTun.Linux.Netlink;

namespace CniTun.Linux;

/// <content>Questions to a link's driver (linux/ethtool.h).</content>
internal static partial class Libc
{
    /// <summary>linux/sockios.h.</summary>
    public const uint SIOCETHTOOL = 0x8946;

    /// <summary>Whether there is a carrier.</summary>
    public const uint ETHTOOL_GLINK = 0x0000000a;

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, ref EthtoolRequest argument);
}
