using CniTun.Addresses;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Tests;

public sealed class MasqueradeTests
{
    private static readonly Attachment Pod = MasqueradeNode.PodAttachment;
    private static readonly Cidr[] Addresses = MasqueradeNode.PodAddresses;

    [KernelFact]
    public void The_table_is_as_people_and_other_programs_see_it()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;

        masquerade.Add(Pod, Addresses);

        Snapshot.Match(node.RulesetJson());
    }

    [KernelFact]
    public void Added_again_it_is_the_same()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(Pod, Addresses);
        var once = node.Ruleset();

        masquerade.Add(Pod, Addresses);

        Assert.Equal(once, node.Ruleset());
    }

    [KernelTheory]
    [InlineData("10.77.1.2/24")]
    [InlineData("10.77.1.2/16")]
    [InlineData("10.77.1.2/25")]
    public void An_address_that_another_left_behind_becomes_ours(string left)
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(new("left", "eth0"), [Cidr.Parse(left)]);

        masquerade.Add(Pod, [Addresses[0]]);

        Assert.Null(masquerade.Missing(Pod, [Addresses[0]]));
        masquerade.Remove(new("left", "eth0"), []);
        Assert.Null(masquerade.Missing(Pod, [Addresses[0]]));
        masquerade.Remove(Pod, []);
        node.AssertNoElements();
    }

    [KernelFact]
    public void Remove_takes_all_of_its_own_and_nothing_of_others()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        using var elsewhereFirewall = node.Open("another-network");
        var elsewhere = elsewhereFirewall.Masquerade;
        masquerade.Add(Pod, Addresses);
        masquerade.Add(Pod with { InterfaceName = "eth1" }, [Cidr.Parse("10.77.1.3/24")]);
        elsewhere.Add(Pod, [Cidr.Parse("10.78.1.3/24")]);

        masquerade.Remove(Pod, []);

        Assert.NotNull(masquerade.Missing(Pod, Addresses));
        Assert.Null(masquerade.Missing(Pod with { InterfaceName = "eth1" }, [Cidr.Parse("10.77.1.3/24")]));
        Assert.Null(elsewhere.Missing(Pod, [Cidr.Parse("10.78.1.3/24")]));
        masquerade.Remove(Pod with { InterfaceName = "eth1" }, []);
        elsewhere.Remove(Pod, []);
        node.AssertNoElements();
    }

    [KernelTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Remove_leaves_what_another_has_for_the_same_address(bool addressesKnown)
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(Pod, Addresses);

        masquerade.Remove(new("another", "eth0"), addressesKnown ? Addresses : []);
        Assert.Null(masquerade.Missing(Pod, Addresses));

        masquerade.Remove(Pod, addressesKnown ? Addresses : []);
        node.AssertNoElements();
    }

    [KernelFact]
    public void Remove_without_elements_table_or_nf_tables_is_no_error()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Remove(Pod, []);
        masquerade.Remove(Pod, Addresses);
        masquerade.RemoveAllBut([]);
        Assert.Empty(node.Ruleset());

        masquerade.Add(Pod, Addresses);
        masquerade.Remove(Pod, []);
        masquerade.Remove(Pod, []);
        masquerade.Remove(Pod, Addresses);

        masquerade.Add(Pod, Addresses);
        node.Nft("delete table inet cnitun");
        masquerade.Remove(Pod, []);
        Assert.Empty(node.Ruleset());

        using var lacking = new NodeFirewall("pods", "/run/cnitun-none", netlink: null);
        var none = lacking.Masquerade;
        none.Remove(Pod, []);
        none.Remove(Pod, Addresses);
        none.RemoveAllBut([]);
        Assert.Equal(Errno.EPROTONOSUPPORT, Assert.Throws<LinuxException>(() => none.Add(Pod, Addresses)).Errno);
        Assert.NotNull(none.Missing(Pod, Addresses));
    }

    [KernelTheory]
    [InlineData("flush ruleset")]
    [InlineData("flush chain inet cnitun postrouting")]
    [InlineData("flush chain inet cnitun postrouting; delete set inet cnitun direct6")]
    [InlineData("flush chain inet cnitun postrouting; delete chain inet cnitun postrouting")]
    [InlineData("add rule inet cnitun postrouting counter; insert rule inet cnitun postrouting counter")]
    [InlineData("flush set inet cnitun masquerade4")]
    public void What_somebody_broke_is_made_again_by_the_next_Add(string broken)
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(Pod, Addresses);
        var whole = node.Ruleset();
        node.Nft(broken);
        Assert.NotNull(masquerade.Missing(Pod, Addresses));

        masquerade.Add(Pod, Addresses);

        Assert.Null(masquerade.Missing(Pod, Addresses));
        Assert.Equal(whole, node.Ruleset());
    }

    [KernelFact]
    public void Missing_names_the_first_thing_that_is_not_there()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        Assert.Equal("rule \"skip mark 0x4000\" in chain postrouting of nftables table inet cnitun", masquerade.Missing(Pod, Addresses));

        masquerade.Add(Pod, Addresses);
        Assert.Null(masquerade.Missing(Pod, Addresses));

        node.Nft("delete element inet cnitun direct6 { fd00:77:1::2 . fd00:77:1::/64 }");
        Assert.Equal("fd00:77:1::2 . fd00:77:1:: \"pods pod/eth0\" in set direct6 of nftables table inet cnitun", masquerade.Missing(Pod, Addresses));
        masquerade.Remove(Pod, []);
        node.AssertNoElements();
    }

    [KernelFact]
    public void RemoveAllBut_removes_what_is_not_listed_in_this_network_alone()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        using var elsewhereFirewall = node.Open("pods2");
        var elsewhere = elsewhereFirewall.Masquerade;
        var kept = new Attachment("kept", "eth0");
        masquerade.Add(kept, Addresses);
        elsewhere.Add(Pod, [Cidr.Parse("10.78.0.1/16")]);
        for (var i = 0u; i < 300; i++)
        {
            masquerade.Add(new($"stale{i}", "eth0"), [new(IpAddress.FromIPv4(0x0a4d0200 + i), 16), new(IpAddress.FromIPv6(((UInt128)0xfd << 120) + i), 64)]);
        }

        masquerade.RemoveAllBut([kept]);

        Assert.Null(masquerade.Missing(kept, Addresses));
        Assert.Null(elsewhere.Missing(Pod, [Cidr.Parse("10.78.0.1/16")]));
        Assert.DoesNotContain("stale", node.Ruleset(), StringComparison.Ordinal);
        masquerade.RemoveAllBut([]);
        elsewhere.RemoveAllBut([]);
        node.AssertNoElements();
    }

    [KernelFact]
    public void Thirty_at_once_are_all_there_and_then_all_gone()
    {
        using var node = new BareNode();
        var pods = Enumerable.Range(0, 30)
            .Select(i => (Attachment: new Attachment($"pod{i}", "eth0"), Addresses: new Cidr[] { new(IpAddress.FromIPv4(0x0a4d0100 + (uint)i), 24) }))
            .ToList();

        AtOnce(pods, pod =>
        {
            using var firewall = node.Open();
            var masquerade = firewall.Masquerade;
            masquerade.Add(pod.Attachment, pod.Addresses);
        });

        using var firewall = node.Open();
        var all = firewall.Masquerade;
        Assert.All(pods, pod => Assert.Null(all.Missing(pod.Attachment, pod.Addresses)));
        Assert.Equal(3, node.Ruleset().Split("comment \"masquerade").Length);
        AtOnce(pods, pod =>
        {
            using var firewall = node.Open();
            var masquerade = firewall.Masquerade;
            masquerade.Remove(pod.Attachment, pod.Addresses);
        });
        node.AssertNoElements();
    }

    [KernelFact]
    public void Thirty_at_once_stand_it_that_the_table_is_deleted_all_the_time()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var netlink = firewall.Masquerade;
        var pods = Enumerable.Range(0, 30).Select(i => new Attachment($"pod{i}", "eth0")).ToList();
        using var stop = new CancellationTokenSource();
        var deleting = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Nft("add table inet cnitun; delete table inet cnitun");
            }
        });

        AtOnce(pods, pod =>
        {
            using var firewall = node.Open();
            var masquerade = firewall.Masquerade;
            var addresses = new Cidr[] { new(IpAddress.FromIPv4(0x0a4d0100 + (uint)pods.IndexOf(pod)), 24) };
            for (var i = 0; i < 20; i++)
            {
                masquerade.Add(pod, addresses);
                masquerade.Remove(pod, addresses);
            }
        });

        stop.Cancel();
        Assert.True(deleting.Wait(Eventually.Limit));
        node.AssertNoElements();
    }

    [KernelFact]
    public void A_table_of_our_name_that_is_not_ours_is_an_error_that_names_it()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        node.Nft("table inet cnitun { chain postrouting { type filter hook output priority 0; }; }");

        var refused = Assert.Throws<LinuxException>(() => masquerade.Add(Pod, Addresses));

        Assert.Equal("chain postrouting", refused.Subject);
    }

    [KernelFact]
    public void Failures_leave_no_descriptor_open()
    {
        using var node = new BareNode();
        node.Nft("table inet cnitun { chain postrouting { type filter hook output priority 0; }; }");
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            using var firewall = node.Open();
            var masquerade = firewall.Masquerade;
            Assert.Throws<LinuxException>(() => masquerade.Add(Pod, Addresses));
            masquerade.Remove(Pod, []);
        });
    }

    private static void AtOnce<T>(IEnumerable<T> items, Action<T> action) =>
        Task.WaitAll(items.Select(item => Task.Factory.StartNew(
            () => action(item), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray());
}
