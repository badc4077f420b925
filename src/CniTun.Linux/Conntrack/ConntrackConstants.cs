namespace CniTun.Linux.Conntrack;

/// <summary>Constants of ctnetlink (linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h).</summary>
internal static class ConntrackConstants
{
    public const ushort NFNL_SUBSYS_CTNETLINK = 1;
    public const ushort IPCTNL_MSG_CT_GET = 1;
    public const ushort IPCTNL_MSG_CT_DELETE = 2;

    public const ushort CTA_TUPLE_ORIG = 1;
    public const ushort CTA_TUPLE_REPLY = 2;
    public const ushort CTA_ID = 12;
    public const ushort CTA_ZONE = 18;
    public const ushort CTA_FILTER = 25;

    public const ushort CTA_FILTER_ORIG_FLAGS = 1;
    public const ushort CTA_FILTER_REPLY_FLAGS = 2;

    public const ushort CTA_TUPLE_IP = 1;
    public const ushort CTA_TUPLE_PROTO = 2;

    public const ushort CTA_IP_V4_SRC = 1;
    public const ushort CTA_IP_V4_DST = 2;
    public const ushort CTA_IP_V6_SRC = 3;
    public const ushort CTA_IP_V6_DST = 4;

    public const ushort CTA_PROTO_NUM = 1;
    public const ushort CTA_PROTO_DST_PORT = 3;

    // Which parts of a tuple count: bits without a name in the headers (CTA_FILTER_F_* of the kernel's nf_internals.h).
    public const uint FilterSourceAddress = 1 << 0;
    public const uint FilterDestinationAddress = 1 << 1;
    public const uint FilterProtocol = 1 << 3;
    public const uint FilterDestinationPort = 1 << 5;
}
