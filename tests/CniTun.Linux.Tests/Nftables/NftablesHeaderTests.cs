using System.Runtime.CompilerServices;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

public sealed class NftablesHeaderTests
{
    [Fact]
    public void Our_constants_and_layouts_are_those_of_the_headers()
    {
        var asserts = new StaticAsserts(
            "arpa/inet.h",
            "linux/netlink.h",
            "linux/netfilter.h",
            "linux/if.h",
            "linux/netfilter_ipv4.h",
            "linux/netfilter_bridge.h",
            "linux/netfilter/nfnetlink.h",
            "linux/netfilter/nf_tables.h",
            "linux/netfilter/nf_nat.h");
        HeaderTests.AddConstants(asserts, typeof(NftablesConstants));
        asserts
            .Constant("NFNETLINK_V0", default(NetfilterHeader).Version)
            .Expression($"NFT_USERDATA_MAXLEN >= {NftComment.LongestBytes} + 3")
            .Size("struct nfgenmsg", Unsafe.SizeOf<NetfilterHeader>())
            .Offset("struct nfgenmsg", "nfgen_family", HeaderTests.OffsetOf<NetfilterHeader>(nameof(NetfilterHeader.Family)))
            .Offset("struct nfgenmsg", "version", HeaderTests.OffsetOf<NetfilterHeader>(nameof(NetfilterHeader.Version)))
            .Offset("struct nfgenmsg", "res_id", HeaderTests.OffsetOf<NetfilterHeader>(nameof(NetfilterHeader.ResourceId)))
            .Verify();
    }
}
