using System.Buffers.Binary;
using CniTun.Addresses;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

public sealed class NftablesNetlinkTests
{
    [KernelFact]
    public void Nft_lists_what_we_made_in_its_own_words()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        TestTable.AddRules(transaction);
        TestTable.AddElements(transaction);

        netlink.Commit(transaction);

        Snapshot.Match(node.Run("nft", "list", "ruleset"));
        Assert.Equal([new("out", "marked"), new("out", "masquerade 4"), new("out", "masquerade 6")], netlink.RuleComments(TestTable.Table));
    }

    [KernelFact]
    public void A_table_of_a_bridge_stands_beside_one_of_the_same_name_and_nft_lists_and_takes_it_back()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(TestTable.Frame());

        netlink.Commit(TestTable.BridgeFrame());

        var listed = node.Run("nft", "list", "table", "bridge", "test");
        Snapshot.Match(listed);
        Assert.Equal([new("in", "only their own address")], netlink.RuleComments(TestTable.BridgeTable));
        node.Run("sh", "-c", "nft list table bridge test > /tmp/$$.nft && nft delete table bridge test && nft -f /tmp/$$.nft && rm /tmp/$$.nft");
        Assert.Equal(listed, node.Run("nft", "list", "table", "bridge", "test"));
        Assert.Equal("port0", netlink.Find(TestTable.BridgeTable, "ports", TestTable.Port)?.ToString());
        var pair = Assert.Single(netlink.Elements(TestTable.BridgeTable, "addresses"));
        Assert.Equal("port0 . 0a:58:0a:01:00:02", pair.ToString());
        Assert.Equal("three", pair.Comment);
        Assert.True(pair.HasKeyOf(TestTable.PortAddress));
        Assert.Null(netlink.Find(TestTable.BridgeTable, "ports", NftElement.Of("port1", string.Empty)));
    }

    [KernelFact]
    public void Nft_takes_back_what_it_lists()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        TestTable.AddRules(transaction);
        TestTable.AddElements(transaction);
        netlink.Commit(transaction);
        var listed = node.Run("nft", "list", "ruleset");

        node.Run("sh", "-c", "nft list ruleset > /tmp/$$.nft && nft flush ruleset && nft -f /tmp/$$.nft && rm /tmp/$$.nft");

        Assert.Equal(listed, node.Run("nft", "list", "ruleset"));
        AssertHasElements(netlink);
    }

    [KernelFact]
    public void The_frame_may_be_made_again_and_the_rules_are_there_once()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        for (var i = 0; i < 3; i++)
        {
            var transaction = TestTable.Frame();
            TestTable.AddRules(transaction);
            netlink.Commit(transaction);
        }

        Assert.Equal(3, netlink.RuleComments(TestTable.Table).Count);
    }

    [KernelFact]
    public void Elements_come_and_go_with_their_comments()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        TestTable.AddElements(transaction);
        netlink.Commit(transaction);
        AssertHasElements(netlink);

        transaction = new NftTransaction(TestTable.Table);
        foreach (var set in new[] { "hosts4", "pairs4", "hosts6", "pairs6" })
        {
            transaction.Delete(set, netlink.Elements(TestTable.Table, set)[0]);
        }

        netlink.Commit(transaction);
        Assert.Empty(netlink.Elements(TestTable.Table, "hosts4"));
        Assert.Empty(netlink.Elements(TestTable.Table, "pairs6"));
    }

    [KernelFact]
    public void An_element_is_found_by_its_key_and_a_pair_by_whatever_its_prefix_holds()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        TestTable.AddElements(transaction);
        netlink.Commit(transaction);

        Assert.Equal("one", netlink.Find(TestTable.Table, "hosts4", TestTable.Host4)?.Comment);
        Assert.Equal("two", netlink.Find(TestTable.Table, "hosts6", TestTable.Host6)?.Comment);
        Assert.Null(netlink.Find(TestTable.Table, "hosts4", NftElement.Of(IpAddress.Parse("10.1.0.3"), string.Empty)));
        foreach (var (set, wanted, inside, outside) in new[]
        {
            ("pairs4", TestTable.Pair4, "10.1.0.2 10.1.0.255/32", "10.1.0.2 10.1.1.0/32"),
            ("pairs6", TestTable.Pair6, "fd00:1::2 fd00:1::ffff/128", "fd00:1::3 fd00:1::ffff/128"),
        })
        {
            Assert.True(netlink.Find(TestTable.Table, set, Pair(inside))?.HasKeyOf(wanted));
            Assert.Null(netlink.Find(TestTable.Table, set, Pair(outside)));
        }
    }

    [KernelFact]
    public void A_transaction_of_which_one_part_is_refused_changes_nothing_and_names_the_part()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(TestTable.Frame());
        var before = node.Run("nft", "list", "ruleset");
        var transaction = new NftTransaction(TestTable.Table);
        TestTable.AddElements(transaction);
        transaction.Delete("hosts6", NftElement.Of(IpAddress.Parse("fd00::9"), string.Empty));
        transaction.AddSourceNatChain("other");

        var refused = Assert.Throws<LinuxException>(() => netlink.Commit(transaction));

        Assert.Equal((Errno.ENOENT, "NFT_MSG_DELSETELEM", "fd00::9 in set hosts6"), (refused.Errno, refused.Call, refused.Subject));
        Assert.Equal(before, node.Run("nft", "list", "ruleset"));
        netlink.Commit(TestTable.Frame());
    }

    [KernelFact]
    public void What_is_there_or_lies_within_what_is_there_is_refused()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        TestTable.AddElements(transaction);
        netlink.Commit(transaction);

        Assert.Equal(Errno.EEXIST, Refused(netlink, "hosts4", TestTable.Host4));
        Assert.Equal(Errno.EEXIST, Refused(netlink, "pairs4", TestTable.Pair4));
        Assert.Equal(Errno.EEXIST, Refused(netlink, "pairs4", NftElement.Of(IpAddress.Parse("10.1.0.2"), Cidr.Parse("10.1.0.0/25"), "one")));
        Assert.Equal(Errno.EEXIST, Refused(netlink, "pairs4", NftElement.Of(IpAddress.Parse("10.1.0.2"), Cidr.Parse("10.1.0.128/25"), "one")));
    }

    [KernelFact]
    public void What_is_not_there_is_null_or_empty_and_cannot_be_added_to()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);

        Assert.Empty(netlink.RuleComments(TestTable.Table));
        Assert.Empty(netlink.Elements(TestTable.Table, "hosts4"));
        Assert.Null(netlink.Find(TestTable.Table, "hosts4", TestTable.Host4));
        Assert.Equal(Errno.ENOENT, Refused(netlink, "hosts4", TestTable.Host4));
    }

    [KernelFact]
    public void The_kernels_own_words_stand_in_the_error()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = new NftTransaction(TestTable.Table with { Name = new string('x', 300) });
        transaction.AddTable();

        var refused = Assert.Throws<LinuxException>(() => netlink.Commit(transaction));

        Assert.Equal("NFT_MSG_NEWTABLE", refused.Call);
        Assert.NotNull(refused.KernelMessage);
        Assert.Contains(refused.KernelMessage, refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void A_batch_that_nobody_takes_is_refused_as_a_whole()
    {
        using var node = new TestNamespace();
        using var socket = node.Run(() => NetlinkSocket.Open(NetlinkConstants.NETLINK_NETFILTER, NftMessage.NameOf));
        var transaction = TestTable.Frame();
        var batch = transaction.Finish();

        // Connection tracking in place of nf_tables: it takes no batches, and so answers like a kernel without nf_tables.
        BinaryPrimitives.WriteUInt16BigEndian(batch[(NetlinkConstants.MessageHeaderBytes + 2)..], 1);
        LinuxException? refused = null;
        try
        {
            socket.ExecuteBatch(batch, transaction.SubjectOf);
        }
        catch (LinuxException exception)
        {
            refused = exception;
        }

        Assert.Equal((Errno.EOPNOTSUPP, "NFNL_MSG_BATCH_BEGIN", "table inet test"), (refused?.Errno, refused?.Call, refused?.Subject));
        Assert.Empty(node.Run("nft", "list", "ruleset"));
    }

    [KernelFact]
    public void An_empty_transaction_does_nothing()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);

        netlink.Commit(new NftTransaction(TestTable.Table));

        Assert.Empty(node.Run("nft", "list", "ruleset"));
    }

    [KernelFact]
    public void A_thousand_elements_fit_into_one_transaction_and_are_listed_whole()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        for (var i = 0u; i < 1000; i++)
        {
            transaction.Add("pairs4", NftElement.Of(IpAddress.FromIPv4(0x0a010000 + i), Cidr.Parse("10.1.0.0/16"), $"number {i}"));
        }

        netlink.Commit(transaction);

        var listed = netlink.Elements(TestTable.Table, "pairs4");
        Assert.Equal(1000, listed.Select(element => element.Comment).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(1000, listed.Count);
    }

    [KernelFact]
    public void A_transaction_of_any_length_is_whole()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        netlink.Commit(TestTable.Frame());
        for (var count = 1u; count < 120; count++)
        {
            var transaction = new NftTransaction(TestTable.Table);
            for (var i = 0u; i < count; i++)
            {
                transaction.Add("hosts4", NftElement.Of(IpAddress.FromIPv4((count << 16) + i), "x"));
            }

            netlink.Commit(transaction);
        }

        Assert.Equal(119 * 120 / 2, netlink.Elements(TestTable.Table, "hosts4").Count);
    }

    [KernelFact]
    public void A_transaction_that_is_longer_than_the_sockets_buffer_is_done_as_a_whole()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var transaction = TestTable.Frame();
        for (var i = 0u; i < 4000; i++)
        {
            transaction.Add("hosts4", NftElement.Of(IpAddress.FromIPv4(0x0a010000 + i), $"number {i}"));
        }

        netlink.Commit(transaction);
        Assert.Equal(4000, netlink.Elements(TestTable.Table, "hosts4").Count);

        // The last of many is refused: none of them is there.
        transaction = new NftTransaction(TestTable.Table);
        for (var i = 0u; i < 4000; i++)
        {
            transaction.Delete("hosts4", NftElement.Of(IpAddress.FromIPv4(0x0a010001 + i), string.Empty));
        }

        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => netlink.Commit(transaction)).Errno);
        Assert.Equal(4000, netlink.Elements(TestTable.Table, "hosts4").Count);
    }

    [KernelFact]
    public void Failures_leave_no_descriptor_open()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            using var netlink = inside.Run(NftablesNetlink.Open);
            Assert.Null(netlink.Find(TestTable.Table, "hosts4", TestTable.Host4));
            Assert.Equal(Errno.ENOENT, Refused(netlink, "hosts4", TestTable.Host4));
        });
    }

    private static NftElement Pair(string text) =>
        NftElement.Of(IpAddress.Parse(text.Split(' ')[0]), Cidr.Parse(text.Split(' ')[1]), string.Empty);

    private static int Refused(NftablesNetlink netlink, string set, NftElement element)
    {
        var transaction = new NftTransaction(TestTable.Table);
        transaction.Add(set, element);
        return Assert.Throws<LinuxException>(() => netlink.Commit(transaction)).Errno;
    }

    private static void AssertHasElements(NftablesNetlink netlink)
    {
        foreach (var (set, element) in new[]
        {
            ("hosts4", TestTable.Host4), ("pairs4", TestTable.Pair4), ("hosts6", TestTable.Host6), ("pairs6", TestTable.Pair6),
        })
        {
            var found = Assert.Single(netlink.Elements(TestTable.Table, set));
            Assert.True(found.HasKeyOf(element), $"{found} is not {element}");
            Assert.Equal(element.Comment, found.Comment);
        }
    }

    private static NftablesNetlink Open(TestNamespace inside) => inside.Run(NftablesNetlink.Open);
}
