namespace CniTun.Linux.Tuntap;

/// <summary>What the reader of a TUN takes off the kernel (TUN_F_* of linux/if_tun.h): unfinished checksums, and packets that are still to be cut.</summary>
[Flags]
public enum TunOffloads
{
    None = 0,

    /// <summary>Unfinished checksums; all others need it.</summary>
    Checksum = 0x01,
    Tso4 = 0x02,
    Tso6 = 0x04,

    /// <summary>TCP packets to be cut of which the first segment has CWR.</summary>
    TsoEcn = 0x08,

    /// <summary>Kernel 6.2 and later.</summary>
    Uso4 = 0x20,

    /// <summary>Likewise. The kernel takes it only together with <see cref="Uso4"/>.</summary>
    Uso6 = 0x40,
}
