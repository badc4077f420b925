namespace CniTun.Tunnel.Offloading;

/// <summary>What the kernel can do for many packets at once. Each can be off alone, and everything works without any.</summary>
public enum OffloadKind
{
    /// <summary>One send becomes many datagrams (UDP_SEGMENT, Linux 4.18).</summary>
    UdpGso,

    /// <summary>One receive brings many datagrams (UDP_GRO, Linux 5.0).</summary>
    UdpGro,

    /// <summary>TCP leaves the TUN in superpackets (TUN_F_TSO4, TUN_F_TSO6).</summary>
    TunTso,

    /// <summary>UDP leaves the TUN in superpackets (TUN_F_USO4, TUN_F_USO6, Linux 6.2).</summary>
    TunUso,

    /// <summary>TCP is merged into superpackets before it goes into the TUN.</summary>
    TunTcpGro,

    /// <summary>Likewise UDP (Linux 6.2).</summary>
    TunUdpGro,
}
