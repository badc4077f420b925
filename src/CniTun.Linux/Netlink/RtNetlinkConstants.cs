namespace CniTun.Linux.Netlink;

/// <summary>Constants of rtnetlink (linux/rtnetlink.h, if_link.h, if_addr.h, if_bridge.h, neighbour.h, veth.h).</summary>
internal static class RtNetlinkConstants
{
    public const ushort RTM_NEWLINK = 16;
    public const ushort RTM_DELLINK = 17;
    public const ushort RTM_GETLINK = 18;
    public const ushort RTM_SETLINK = 19;
    public const ushort RTM_NEWADDR = 20;
    public const ushort RTM_DELADDR = 21;
    public const ushort RTM_GETADDR = 22;
    public const ushort RTM_NEWROUTE = 24;
    public const ushort RTM_DELROUTE = 25;
    public const ushort RTM_GETROUTE = 26;
    public const ushort RTM_NEWNEIGH = 28;
    public const ushort RTM_DELNEIGH = 29;
    public const ushort RTM_GETNEIGH = 30;
    public const ushort RTM_GETMULTICAST = 58;
    public const ushort RTM_NEWVLAN = 112;
    public const ushort RTM_GETVLAN = 114;

    /// <summary>The group that hears of every change of a link.</summary>
    public const int RTNLGRP_LINK = 1;

    public const byte AF_UNSPEC = 0;
    public const byte AF_INET = 2;
    public const byte AF_BRIDGE = 7;
    public const byte AF_INET6 = 10;

    public const uint IFF_UP = 0x1;
    public const uint IFF_LOOPBACK = 0x8;
    public const uint IFF_RUNNING = 0x40;
    public const uint IFF_PROMISC = 0x100;

    public const ushort IFLA_ADDRESS = 1;
    public const ushort IFLA_IFNAME = 3;
    public const ushort IFLA_MTU = 4;
    public const ushort IFLA_LINK = 5;
    public const ushort IFLA_MASTER = 10;
    public const ushort IFLA_OPERSTATE = 16;
    public const ushort IFLA_LINKINFO = 18;
    public const ushort IFLA_IFALIAS = 20;
    public const ushort IFLA_AF_SPEC = 26;
    public const ushort IFLA_NET_NS_FD = 28;
    public const ushort IFLA_EXT_MASK = 29;
    public const ushort IFLA_LINK_NETNSID = 37;

    public const ushort IFLA_INFO_KIND = 1;
    public const ushort IFLA_INFO_DATA = 2;
    public const ushort IFLA_INFO_SLAVE_KIND = 4;
    public const ushort IFLA_INFO_SLAVE_DATA = 5;

    public const ushort VETH_INFO_PEER = 1;

    public const ushort IFLA_BR_VLAN_FILTERING = 7;
    public const ushort IFLA_BR_VLAN_DEFAULT_PVID = 39;
    public const ushort IFLA_BRIDGE_VLAN_INFO = 2;
    public const ushort BRIDGE_VLAN_INFO_PVID = 1 << 1;
    public const ushort BRIDGE_VLAN_INFO_UNTAGGED = 1 << 2;
    public const ushort BRIDGE_VLAN_INFO_RANGE_BEGIN = 1 << 3;
    public const ushort BRIDGE_VLAN_INFO_RANGE_END = 1 << 4;
    public const ushort BRIDGE_VLANDB_ENTRY = 1;
    public const ushort BRIDGE_VLANDB_ENTRY_INFO = 1;
    public const ushort BRIDGE_VLANDB_ENTRY_RANGE = 2;

    public const ushort IFLA_BRPORT_MODE = 4;
    public const ushort IFLA_BRPORT_ISOLATED = 33;

    /// <summary>Leaves the statistics, a kilobyte a link, out of an answer.</summary>
    public const uint RTEXT_FILTER_SKIP_STATS = 1 << 3;

    public const ushort IFA_ADDRESS = 1;
    public const ushort IFA_LOCAL = 2;
    public const ushort IFA_BROADCAST = 4;
    public const ushort IFA_MULTICAST = 7;
    public const ushort IFA_FLAGS = 8;
    public const ushort IFA_TARGET_NETNSID = 10;

    public const uint IFA_F_NODAD = 0x02;
    public const uint IFA_F_DADFAILED = 0x08;
    public const uint IFA_F_TENTATIVE = 0x40;
    public const uint IFA_F_PERMANENT = 0x80;

    public const ushort RTA_DST = 1;
    public const ushort RTA_OIF = 4;
    public const ushort RTA_GATEWAY = 5;
    public const ushort RTA_PRIORITY = 6;
    public const ushort RTA_PREFSRC = 7;
    public const ushort RTA_METRICS = 8;
    public const ushort RTA_TABLE = 15;

    public const ushort RTAX_MTU = 2;
    public const ushort RTAX_ADVMSS = 8;

    public const byte RT_TABLE_UNSPEC = 0;
    public const byte RT_TABLE_MAIN = 254;
    public const byte RT_TABLE_LOCAL = 255;
    public const byte RTPROT_KERNEL = 2;
    public const byte RTPROT_BOOT = 3;
    public const byte RTPROT_STATIC = 4;
    public const byte RTPROT_RA = 9;
    public const byte RT_SCOPE_UNIVERSE = 0;
    public const byte RT_SCOPE_LINK = 253;
    public const byte RT_SCOPE_HOST = 254;
    public const byte RT_SCOPE_NOWHERE = 255;
    public const byte RTN_UNICAST = 1;
    public const byte RTN_LOCAL = 2;
    public const byte RTN_UNREACHABLE = 7;
    public const uint RTM_F_CLONED = 0x200;
    public const uint RTM_F_FIB_MATCH = 0x2000;
    public const uint RTNH_F_ONLINK = 4;

    public const ushort NDA_DST = 1;
    public const ushort NDA_LLADDR = 2;
    public const byte NTF_USE = 1;
}
