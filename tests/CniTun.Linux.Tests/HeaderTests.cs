using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests;

public sealed class HeaderTests
{
    private static readonly string[] NetlinkHeaders =
    [
        "sys/socket.h", "linux/netlink.h", "linux/rtnetlink.h", "linux/if.h", "linux/if_link.h", "linux/if_addr.h",
        "linux/if_bridge.h", "linux/neighbour.h", "linux/veth.h",
    ];

    [Fact]
    public void Netlink_constants_are_those_of_the_headers()
    {
        var asserts = new StaticAsserts(NetlinkHeaders);
        AddConstants(asserts, typeof(NetlinkConstants));
        AddConstants(asserts, typeof(RtNetlinkConstants));
        asserts.Constant("NLMSG_ALIGNTO", NetlinkConstants.Alignment);
        asserts.Constant("NLMSG_HDRLEN", NetlinkConstants.MessageHeaderBytes);
        asserts.Constant("NLA_HDRLEN", NetlinkConstants.AttributeHeaderBytes);
        asserts.Verify();
    }

    [Fact]
    public void Netlink_structs_are_laid_out_as_in_the_headers() => new StaticAsserts(NetlinkHeaders)
        .Size("struct nlmsghdr", Unsafe.SizeOf<MessageHeader>())
        .Offset("struct nlmsghdr", "nlmsg_len", OffsetOf<MessageHeader>(nameof(MessageHeader.Length)))
        .Offset("struct nlmsghdr", "nlmsg_type", OffsetOf<MessageHeader>(nameof(MessageHeader.Type)))
        .Offset("struct nlmsghdr", "nlmsg_flags", OffsetOf<MessageHeader>(nameof(MessageHeader.Flags)))
        .Offset("struct nlmsghdr", "nlmsg_seq", OffsetOf<MessageHeader>(nameof(MessageHeader.Sequence)))
        .Offset("struct nlmsghdr", "nlmsg_pid", OffsetOf<MessageHeader>(nameof(MessageHeader.PortId)))
        .Size("struct ifinfomsg", Unsafe.SizeOf<LinkHeader>())
        .Offset("struct ifinfomsg", "ifi_family", OffsetOf<LinkHeader>(nameof(LinkHeader.Family)))
        .Offset("struct ifinfomsg", "ifi_type", OffsetOf<LinkHeader>(nameof(LinkHeader.DeviceType)))
        .Offset("struct ifinfomsg", "ifi_index", OffsetOf<LinkHeader>(nameof(LinkHeader.Index)))
        .Offset("struct ifinfomsg", "ifi_flags", OffsetOf<LinkHeader>(nameof(LinkHeader.Flags)))
        .Offset("struct ifinfomsg", "ifi_change", OffsetOf<LinkHeader>(nameof(LinkHeader.Change)))
        .Size("struct ifaddrmsg", Unsafe.SizeOf<AddressHeader>())
        .Offset("struct ifaddrmsg", "ifa_prefixlen", OffsetOf<AddressHeader>(nameof(AddressHeader.PrefixLength)))
        .Offset("struct ifaddrmsg", "ifa_flags", OffsetOf<AddressHeader>(nameof(AddressHeader.Flags)))
        .Offset("struct ifaddrmsg", "ifa_scope", OffsetOf<AddressHeader>(nameof(AddressHeader.Scope)))
        .Offset("struct ifaddrmsg", "ifa_index", OffsetOf<AddressHeader>(nameof(AddressHeader.Index)))
        .Size("struct rtmsg", Unsafe.SizeOf<RouteHeader>())
        .Offset("struct rtmsg", "rtm_dst_len", OffsetOf<RouteHeader>(nameof(RouteHeader.DestinationLength)))
        .Offset("struct rtmsg", "rtm_src_len", OffsetOf<RouteHeader>(nameof(RouteHeader.SourceLength)))
        .Offset("struct rtmsg", "rtm_tos", OffsetOf<RouteHeader>(nameof(RouteHeader.TypeOfService)))
        .Offset("struct rtmsg", "rtm_table", OffsetOf<RouteHeader>(nameof(RouteHeader.Table)))
        .Offset("struct rtmsg", "rtm_protocol", OffsetOf<RouteHeader>(nameof(RouteHeader.Protocol)))
        .Offset("struct rtmsg", "rtm_scope", OffsetOf<RouteHeader>(nameof(RouteHeader.Scope)))
        .Offset("struct rtmsg", "rtm_type", OffsetOf<RouteHeader>(nameof(RouteHeader.Type)))
        .Offset("struct rtmsg", "rtm_flags", OffsetOf<RouteHeader>(nameof(RouteHeader.Flags)))
        .Size("struct ndmsg", Unsafe.SizeOf<NeighbourHeader>())
        .Offset("struct ndmsg", "ndm_ifindex", OffsetOf<NeighbourHeader>(nameof(NeighbourHeader.Index)))
        .Offset("struct ndmsg", "ndm_state", OffsetOf<NeighbourHeader>(nameof(NeighbourHeader.State)))
        .Offset("struct ndmsg", "ndm_flags", OffsetOf<NeighbourHeader>(nameof(NeighbourHeader.Flags)))
        .Offset("struct ndmsg", "ndm_type", OffsetOf<NeighbourHeader>(nameof(NeighbourHeader.Type)))
        .Size("struct bridge_vlan_info", Unsafe.SizeOf<BridgeVlanInfo>())
        .Offset("struct bridge_vlan_info", "flags", OffsetOf<BridgeVlanInfo>(nameof(BridgeVlanInfo.Flags)))
        .Offset("struct bridge_vlan_info", "vid", OffsetOf<BridgeVlanInfo>(nameof(BridgeVlanInfo.VlanId)))
        .Size("struct br_vlan_msg", Unsafe.SizeOf<BridgeVlanHeader>())
        .Offset("struct br_vlan_msg", "ifindex", OffsetOf<BridgeVlanHeader>(nameof(BridgeVlanHeader.Index)))
        .Size("struct sockaddr_nl", Unsafe.SizeOf<NetlinkAddress>())
        .Offset("struct sockaddr_nl", "nl_pid", OffsetOf<NetlinkAddress>(nameof(NetlinkAddress.PortId)))
        .Offset("struct sockaddr_nl", "nl_groups", OffsetOf<NetlinkAddress>(nameof(NetlinkAddress.Groups)))
        .Verify();

    [Fact]
    public void Error_numbers_are_those_of_the_headers()
    {
        var asserts = new StaticAsserts("errno.h");
        AddConstants(asserts, typeof(Errno));
        asserts.Verify();
    }

    [Fact]
    public void Namespace_and_file_constants_are_those_of_the_headers() =>
        new StaticAsserts("fcntl.h", "sched.h", "sys/file.h", "sys/ioctl.h", "linux/nsfs.h", "dirent.h", "sys/wait.h")
            .Constant("WNOHANG", Processes.SendingChild.WNOHANG)
            .Constant("CLONE_NEWNET", Libc.CLONE_NEWNET)
            .Constant("NS_GET_NSTYPE", Libc.NS_GET_NSTYPE)
            .Constant("O_TMPFILE", Libc.O_TMPFILE)
            .Constant("LOCK_EX", Libc.LOCK_EX)
            .Constant("LOCK_NB", Libc.LOCK_NB)
            .Offset("struct dirent64", "d_reclen", 16)
            .Offset("struct dirent64", "d_name", 19)
            .Verify();

    [Fact]
    public void A_constant_that_the_headers_deny_fails_the_test()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => new StaticAsserts("linux/netlink.h").Constant("NLM_F_ACK", 5).Verify());
        Assert.Contains("NLM_F_ACK", failure.Message, StringComparison.Ordinal);
    }

    internal static long OffsetOf<T>(string field) => Marshal.OffsetOf<T>(field).ToInt64();

    /// <summary>Adds every constant whose name is in the kernel's style.</summary>
    internal static void AddConstants(StaticAsserts asserts, Type type)
    {
        var fields = type.GetFields(BindingFlags.Static | BindingFlags.Public).Where(field => field.IsLiteral).ToList();
        Assert.NotEmpty(fields);
        foreach (var field in fields.Where(field => field.Name.All(c => char.IsUpper(c) || char.IsDigit(c) || c == '_')))
        {
            asserts.Constant(field.Name, Convert.ToInt64(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
