using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux.Netlink;

/// <summary><c>struct ifreq</c> (linux/if.h) with the member of its union that SIOCETHTOOL uses.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct EthtoolRequest
{
    public InterfaceRequest.NameBytes ifr_name;

    /// <summary>Points to an <see cref="EthtoolValue"/>.</summary>
    public nint ifr_data;
}

/// <summary><c>struct ethtool_value</c> (linux/ethtool.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EthtoolValue
{
    public uint cmd;
    public uint data;
}
