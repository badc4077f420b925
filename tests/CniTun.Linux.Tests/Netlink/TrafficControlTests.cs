using System.Runtime.CompilerServices;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests.Netlink;

public sealed class TrafficControlTests
{
    private static readonly string[] Headers =
        ["sys/socket.h", "linux/rtnetlink.h", "linux/pkt_sched.h", "linux/pkt_cls.h", "linux/if_ether.h", "linux/tc_act/tc_mirred.h", "arpa/inet.h"];

    [Fact]
    public void Constants_and_structs_are_those_of_the_headers()
    {
        var asserts = new StaticAsserts(Headers);
        HeaderTests.AddConstants(asserts, typeof(TrafficControlConstants));
        asserts.Constant("__builtin_bswap16(ETH_P_ALL)", (int)TrafficControlConstants.AllProtocolsInNetworkOrder);
        asserts
            .Size("struct tcmsg", Unsafe.SizeOf<TrafficHeader>())
            .Offset("struct tcmsg", "tcm_ifindex", OffsetOf<TrafficHeader>(nameof(TrafficHeader.Index)))
            .Offset("struct tcmsg", "tcm_handle", OffsetOf<TrafficHeader>(nameof(TrafficHeader.Handle)))
            .Offset("struct tcmsg", "tcm_parent", OffsetOf<TrafficHeader>(nameof(TrafficHeader.Parent)))
            .Offset("struct tcmsg", "tcm_info", OffsetOf<TrafficHeader>(nameof(TrafficHeader.Info)))
            .Size("struct tc_ratespec", Unsafe.SizeOf<RateParameters>())
            .Offset("struct tc_ratespec", "linklayer", OffsetOf<RateParameters>(nameof(RateParameters.LinkLayer)))
            .Offset("struct tc_ratespec", "rate", OffsetOf<RateParameters>(nameof(RateParameters.BytesPerSecond)))
            .Size("struct tc_tbf_qopt", Unsafe.SizeOf<TokenBucketParameters>())
            .Offset("struct tc_tbf_qopt", "limit", OffsetOf<TokenBucketParameters>(nameof(TokenBucketParameters.LimitBytes)))
            .Offset("struct tc_tbf_qopt", "buffer", OffsetOf<TokenBucketParameters>(nameof(TokenBucketParameters.BufferTicks)))
            .Size("struct tc_u32_sel", Unsafe.SizeOf<AnySelector>() - 16)
            .Size("struct tc_u32_key", 16)
            .Offset("struct tc_u32_sel", "nkeys", OffsetOf<AnySelector>(nameof(AnySelector.Keys)))
            .Offset("struct tc_u32_sel", "hmask", OffsetOf<AnySelector>(nameof(AnySelector.HashMask)))
            .Size("struct tc_mirred", Unsafe.SizeOf<MirrorParameters>())
            .Offset("struct tc_mirred", "action", OffsetOf<MirrorParameters>(nameof(MirrorParameters.Action)))
            .Offset("struct tc_mirred", "eaction", OffsetOf<MirrorParameters>(nameof(MirrorParameters.Direction)))
            .Offset("struct tc_mirred", "ifindex", OffsetOf<MirrorParameters>(nameof(MirrorParameters.Index)))
            .Verify();
    }

    [KernelFact]
    public void A_token_bucket_is_what_tc_shows_and_is_read_back()
    {
        using var node = new TestNamespace();
        using var netlink = node.Run(RouteNetlink.Open);
        node.Ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
        var link = netlink.Links.Find("a")!;
        Assert.Null(netlink.TrafficControl.FindBucket(link));

        netlink.TrafficControl.Shape(link, new TokenBucket(1_250_000, 64_000, 95_250));

        Assert.Contains("qdisc tbf 1: root refcnt", node.Run("tc", "qdisc", "show", "dev", "a"), StringComparison.Ordinal);
        Assert.Contains("rate 10Mbit burst 64000b lat 25ms", node.Run("tc", "qdisc", "show", "dev", "a"), StringComparison.Ordinal);
        var read = netlink.TrafficControl.FindBucket(link)!.Value;
        Assert.Equal(1_250_000ul, read.BytesPerSecond);
        Assert.InRange(read.BurstBytes, 63_990u, 64_000u);
        Assert.Equal(95_250u, read.LimitBytes);
        Assert.Null(netlink.TrafficControl.FindBucket(netlink.Links.Find("b")!));
    }

    [KernelFact]
    public void A_rate_beyond_32_bits_is_kept_and_another_takes_its_place()
    {
        using var node = new TestNamespace();
        using var netlink = node.Run(RouteNetlink.Open);
        node.Ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
        var link = netlink.Links.Find("a")!;
        netlink.TrafficControl.Shape(link, new TokenBucket(1_000_000, 100_000, 200_000));

        netlink.TrafficControl.Shape(link, new TokenBucket(12_500_000_000, 200_000_000, 500_000_000));

        Assert.Equal(12_500_000_000ul, netlink.TrafficControl.FindBucket(link)!.Value.BytesPerSecond);
        Assert.Contains("rate 100Gbit", node.Run("tc", "qdisc", "show", "dev", "a"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void What_a_link_receives_goes_through_an_intermediate_block_and_back()
    {
        using var node = new TestNamespace();
        using var pod = new TestNamespace("pod");
        using var netlink = node.Run(RouteNetlink.Open);
        node.Ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b", "netns", pod.Name);
        node.Ip("address", "add", "10.1.0.1/24", "dev", "a");
        node.Ip("link", "set", "dev", "a", "up");
        pod.Ip("address", "add", "10.1.0.2/24", "dev", "b");
        pod.Ip("link", "set", "dev", "b", "up");
        var link = netlink.Links.Find("a")!;
        netlink.Links.CreateIfb("block", 1500);
        var block = netlink.Links.Find("block")!;
        Assert.True(block.IsUp);
        Assert.False(netlink.TrafficControl.Redirects(link, block));

        netlink.TrafficControl.Redirect(link, block);

        Assert.True(netlink.TrafficControl.Redirects(link, block));
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => netlink.TrafficControl.Redirect(link, block)).Errno);
        pod.Run("ping", "-c", "1", "-W", "10", "10.1.0.1");
        Assert.DoesNotContain("TX:  bytes packets errors dropped carrier collsns           \n             0       0", node.Ip("-s", "link", "show", "block"), StringComparison.Ordinal);
    }

    private static long OffsetOf<T>(string field) => HeaderTests.OffsetOf<T>(field);
}
