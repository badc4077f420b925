using System.Text.Json.Nodes;
using CniTun.Addresses;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Tests;

/// <summary>macspoofchk: a container may send from its own Ethernet address only.</summary>
public sealed class SpoofCheckTests
{
    private const string Forged = "02:00:00:00:00:99";
    private static readonly Attachment Attachment = new("pod", "eth0");
    private static readonly MacAddress Mac = new(0x0a58_0a4d_0102);

    [KernelFact]
    public void The_table_is_as_people_and_other_programs_see_it()
    {
        using var node = new BareNode();
        using var firewall = node.Open();

        firewall.SpoofCheck.Add(Attachment, Mac);

        Snapshot.Match(node.RulesetJson());
    }

    [KernelTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_container_that_changes_its_address_cannot_send_if_the_key_is_on(bool on)
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, Config(node, on));
        var own = (string)result["interfaces"]![2]!["mac"]!;
        pod.Ping("10.77.1.1");

        pod.Ip("link", "set", "eth0", "address", Forged);
        if (on)
        {
            Assert.Throws<InvalidOperationException>(() => pod.Ping("10.77.1.1"));
            pod.Ip("link", "set", "eth0", "address", own);
        }

        pod.Ping("10.77.1.1");
    }

    [KernelFact]
    public void An_address_that_was_asked_for_is_the_containers_own()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = Config(node, on: true);
        config["runtimeConfig"] = new JsonObject { ["mac"] = "02:11:22:33:44:55" };

        node.Add(pod, config);

        pod.Ping("10.77.1.1");
    }

    [KernelFact]
    public void CHECK_looks_and_GC_and_DEL_remove()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var kept = new Pod();
        var config = Config(node, on: true);
        node.Add(kept, config);
        var result = node.Add(pod, config);
        Assert.Equal(0, node.Check(pod, config, result).ExitCode);

        Assert.Equal(0, node.Collect(config, kept).ExitCode);
        Assert.Equal(1, Guarded(node));
        result = node.Add(pod, config);
        Assert.Equal(0, node.Try("nft", "flush", "set", "bridge", "cnitun", "own").ExitCode);
        Assert.Contains("forged MACs lacks", Node.Text(node.Check(pod, config, result)), StringComparison.Ordinal);

        node.Del(pod, config, withNetns: false);
        node.Del(kept, config);
        Assert.Equal(0, Guarded(node));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void DEL_removes_what_the_configuration_no_longer_speaks_of()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = Config(node, on: true);
        config["ipMasq"] = true;
        node.Add(pod, config);

        node.Del(pod, Config(node, on: false), withNetns: false);

        Assert.Equal(0, Guarded(node));
        Assert.DoesNotContain("elements", node.Try("nft", "list", "ruleset").Output, StringComparison.Ordinal);
    }

    [KernelFact]
    public void DEL_makes_no_table()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, Config(node, on: false));

        node.Del(pod, Config(node, on: false));

        Assert.Empty(node.Try("nft", "list", "ruleset").Output);
    }

    [KernelFact]
    public void An_ADD_that_fails_behind_it_leaves_no_element()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = Config(node, on: true);
        config["ipam"]!["routes"] = JsonNode.Parse("""[{ "dst": "192.0.2.0/24", "gw": "203.0.113.1" }]""");

        Assert.Equal(100, (int)node.Fail("ADD", pod, config)["code"]!);

        Assert.Equal(0, Guarded(node));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void What_an_earlier_ADD_left_gives_way_whatever_address_it_was_held_to()
    {
        using var node = new BareNode();
        using var elsewhere = node.Open("another-network");
        using var firewall = node.Open();
        elsewhere.SpoofCheck.Add(Attachment, new MacAddress(0x0200_0000_0099));

        firewall.SpoofCheck.Add(Attachment, Mac);
        firewall.SpoofCheck.Add(Attachment, Mac);

        Assert.Null(firewall.SpoofCheck.Missing(Attachment, Mac));
        Assert.NotNull(elsewhere.SpoofCheck.Missing(Attachment, new MacAddress(0x0200_0000_0099)));
        firewall.SpoofCheck.Remove(Attachment);
        firewall.SpoofCheck.Remove(Attachment);
        node.AssertNoElements();
    }

    [KernelFact]
    public void Others_keep_what_they_have()
    {
        using var node = new BareNode();
        using var firewall = node.Open();
        using var elsewhere = node.Open("another-network");
        firewall.SpoofCheck.Add(Attachment, Mac);
        firewall.SpoofCheck.Add(new("other", "eth0"), Mac);
        elsewhere.SpoofCheck.Add(new("third", "eth0"), Mac);

        firewall.SpoofCheck.Remove(Attachment);
        firewall.SpoofCheck.RemoveAllBut([new("other", "eth0")]);

        Assert.NotNull(firewall.SpoofCheck.Missing(Attachment, Mac));
        Assert.Null(firewall.SpoofCheck.Missing(new("other", "eth0"), Mac));
        Assert.Null(elsewhere.SpoofCheck.Missing(new("third", "eth0"), Mac));
    }

    [Fact]
    public void A_kernel_without_netfilter_is_refused_only_by_what_adds()
    {
        using var lacking = new NodeFirewall("pods", "/run/cnitun-none", netlink: null);
        lacking.SpoofCheck.Remove(Attachment);
        lacking.SpoofCheck.RemoveAllBut([]);

        Assert.NotNull(lacking.SpoofCheck.Missing(Attachment, Mac));
        Assert.Equal(Errno.EPROTONOSUPPORT, Assert.Throws<LinuxException>(() => lacking.SpoofCheck.Add(Attachment, Mac)).Errno);
    }

    private static JsonObject Config(Node node, bool on)
    {
        var config = node.DualStack;
        config["macspoofchk"] = on;
        return config;
    }

    /// <summary>Counts the host ends that are guarded.</summary>
    private static int Guarded(Node node) =>
        node.Try("nft", "list", "set", "bridge", "cnitun", "guarded").Output.Split("comment").Length - 1;
}
