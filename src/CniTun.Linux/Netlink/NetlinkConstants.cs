namespace CniTun.Linux.Netlink;

/// <summary>Constants of the netlink framing itself (linux/netlink.h), whatever the protocol inside.</summary>
internal static class NetlinkConstants
{
    public const int NETLINK_ROUTE = 0;
    public const int NETLINK_NETFILTER = 12;

    public const ushort NLMSG_NOOP = 1;
    public const ushort NLMSG_ERROR = 2;
    public const ushort NLMSG_DONE = 3;
    public const ushort NLMSG_OVERRUN = 4;

    public const ushort NLM_F_REQUEST = 0x01;
    public const ushort NLM_F_MULTI = 0x02;
    public const ushort NLM_F_ACK = 0x04;
    public const ushort NLM_F_DUMP_INTR = 0x10;
    public const ushort NLM_F_REPLACE = 0x100;
    public const ushort NLM_F_EXCL = 0x200;
    public const ushort NLM_F_DUMP = 0x300;
    public const ushort NLM_F_CREATE = 0x400;
    public const ushort NLM_F_APPEND = 0x800;

    /// <summary>In an acknowledgement: the request is not echoed behind the error.</summary>
    public const ushort NLM_F_CAPPED = 0x100;

    /// <summary>In an acknowledgement: extended attributes follow.</summary>
    public const ushort NLM_F_ACK_TLVS = 0x200;

    public const ushort NLMSGERR_ATTR_MSG = 1;

    public const ushort NLA_F_NESTED = 0x8000;
    public const ushort AttributeTypeMask = 0x3fff;

    public const int SOL_NETLINK = 270;
    public const int NETLINK_ADD_MEMBERSHIP = 1;
    public const int NETLINK_DROP_MEMBERSHIP = 2;
    public const int NETLINK_CAP_ACK = 10;
    public const int NETLINK_EXT_ACK = 11;
    public const int NETLINK_GET_STRICT_CHK = 12;

    /// <summary>Messages and attributes both start at multiples of this (NLMSG_ALIGNTO, NLA_ALIGNTO).</summary>
    public const int Alignment = 4;

    /// <summary>The size of <c>struct nlmsghdr</c>.</summary>
    public const int MessageHeaderBytes = 16;

    /// <summary>The size of <c>struct nlattr</c>.</summary>
    public const int AttributeHeaderBytes = 4;

    public static int Align(int length) => (length + Alignment - 1) & ~(Alignment - 1);
}
