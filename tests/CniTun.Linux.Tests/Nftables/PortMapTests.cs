using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

public sealed class PortMapTests
{
    private static readonly NftTable Table = new(NftFamily.Inet, "test");

    private static NftElement Tcp80 => NftElement.Of(null, 6, 80, IpEndpoint.Parse("10.1.0.2:8080"), "of a");

    private static NftElement Udp53OfOne => NftElement.Of(IpAddress.Parse("fd00::1"), 17, 53, IpEndpoint.Parse("[fd00:1::2]:5353"), "of b");

    [KernelFact]
    public void Nft_lists_maps_of_ports_and_the_rules_that_look_there_and_takes_them_back()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(Frame());

        var listed = node.Run("nft", "list", "ruleset");

        Snapshot.Match(listed);
        node.Run("sh", "-c", "nft list ruleset > /tmp/$$.nft && nft flush ruleset && nft -f /tmp/$$.nft && rm /tmp/$$.nft");
        Assert.Equal(listed, node.Run("nft", "list", "ruleset"));
    }

    [KernelFact]
    public void An_element_of_a_map_is_found_with_comment_and_value()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(Frame());

        var found = netlink.Find(Table, "port4", NftElement.Of(null, 6, 80, IpEndpoint.Parse("0.0.0.0:0"), string.Empty));
        var ofOne = Assert.Single(netlink.Elements(Table, "address6"));

        Assert.NotNull(found);
        Assert.Equal("of a", found.Comment);
        Assert.True(found.HasKeyOf(Tcp80));
        Assert.True(found.HasValueOf(Tcp80));
        Assert.False(found.HasValueOf(Udp53OfOne));
        Assert.Equal("tcp port 80", found.ToString());
        Assert.Equal("fd00::1 udp port 53", ofOne.ToString());
        Assert.True(ofOne.HasValueOf(Udp53OfOne));
        Assert.Null(netlink.Find(Table, "port4", NftElement.Of(null, 17, 80, IpEndpoint.Parse("0.0.0.0:0"), string.Empty)));
    }

    [KernelFact]
    public void A_port_is_taken_once_and_named_in_the_refusal()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(Frame());
        var again = new NftTransaction(Table);
        again.Add("port4", NftElement.Of(null, 6, 80, IpEndpoint.Parse("10.1.0.3:80"), "of c"));

        var refused = Assert.Throws<LinuxException>(() => netlink.Commit(again));

        Assert.Equal(Errno.EEXIST, refused.Errno);
        Assert.Contains("tcp port 80 in set port4", refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void An_element_of_a_map_goes_by_its_key()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(Frame());
        var removal = new NftTransaction(Table);
        removal.Delete("port4", Tcp80);
        removal.Delete("address6", Udp53OfOne);

        netlink.Commit(removal);

        Assert.Empty(netlink.Elements(Table, "port4"));
        Assert.Empty(netlink.Elements(Table, "address6"));
    }

    private static NftTransaction Frame()
    {
        var transaction = new NftTransaction(Table);
        transaction.AddTable();
        transaction.AddDestinationNatChain("in");
        transaction.AddOutputNatChain("out");
        transaction.AddSourceNatChain("after");
        transaction.AddChain("ports");
        transaction.AddInterfaceSet("bridges");
        transaction.AddPortMap("port4", isIPv6: false, byAddress: false);
        transaction.AddPortMap("address4", isIPv6: false, byAddress: true);
        transaction.AddPortMap("port6", isIPv6: true, byAddress: false);
        transaction.AddPortMap("address6", isIPv6: true, byAddress: true);
        foreach (var chain in new[] { "in", "out" })
        {
            var jump = transaction.BeginRule(chain, "to this host");
            jump.IfDestinationIsLocal();
            jump.Jump("ports");
            transaction.End(jump);
        }

        var mark = transaction.BeginRule("ports", "mark");
        mark.IfInputIn("bridges");
        mark.Mark(0x2000);
        transaction.End(mark);
        AddPorts(transaction, isIPv6: false);
        AddPorts(transaction, isIPv6: true);
        var unmark = transaction.BeginRule("ports", "unmark");
        unmark.Unmark(0x2000);
        transaction.End(unmark);
        var loopback = transaction.BeginRule("after", "from loopback");
        loopback.IfOutputIn("bridges");
        loopback.IfFamily(isIPv6: false);
        loopback.IfSourceIn(Cidr.Parse("127.0.0.0/8"));
        loopback.MasqueradeFullyRandom();
        transaction.End(loopback);
        transaction.Add("port4", Tcp80);
        transaction.Add("address6", Udp53OfOne);
        return transaction;
    }

    private static void AddPorts(NftTransaction transaction, bool isIPv6)
    {
        var ofOne = transaction.BeginRule("ports", "of one address");
        ofOne.IfFamily(isIPv6);
        ofOne.DestinationNatByAddressAndPort(isIPv6 ? "address6" : "address4");
        transaction.End(ofOne);
        var any = transaction.BeginRule("ports", "of any address");
        any.IfFamily(isIPv6);
        any.DestinationNatByPort(isIPv6 ? "port6" : "port4");
        transaction.End(any);
    }

    private static NftablesNetlink Open(TestNamespace node) => node.Run(NftablesNetlink.Open);
}
