namespace CniTun.Linux.Tuntap;

/// <summary>What kind of device to open (IFF_* of linux/if_tun.h); one of <see cref="Tun"/> and <see cref="Tap"/>, and options.</summary>
[Flags]
public enum TunOptions
{
    None = 0,

    /// <summary>IP packets (IFF_TUN).</summary>
    Tun = 0x0001,

    /// <summary>Ethernet frames (IFF_TAP).</summary>
    Tap = 0x0002,

    /// <summary>Several descriptors, each with a queue of its own (IFF_MULTI_QUEUE).</summary>
    MultiQueue = 0x0100,

    /// <summary>A virtio-net header of 10 bytes goes before each packet (IFF_VNET_HDR).</summary>
    VirtioHeader = 0x4000,
}
