using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>What is another's stays: of another container, of another network, of another plugin.</summary>
public sealed class OwnershipTests
{
    [KernelTheory]
    [InlineData("DEL")]
    [InlineData("GC")]
    [InlineData("ADD")]
    public void A_stale_namespace_path_cuts_no_other_pod_off(string command)
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);

        // The path of a process that is another container's by now.
        var answer = command is "GC"
            ? node.Collect(node.DualStack, pod)
            : node.Call(command, "long-gone", pod.Path, node.DualStack);

        Assert.Equal(command is "ADD" ? 1 : 0, answer.ExitCode);
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        Assert.Equal(0, node.Check(pod, node.DualStack, result).ExitCode);
        Assert.Equal(2, node.Leases().Count);
    }

    [KernelFact]
    public void A_DEL_takes_of_a_shared_namespace_only_its_own_interface()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        Assert.Equal(0, node.Call("ADD", "second", pod.Path, node.DualStack, "net1").ExitCode);

        Assert.Equal(0, node.Call("DEL", "second", pod.Path, node.DualStack, "eth0").ExitCode);
        Assert.Equal(0, node.Call("DEL", pod.ContainerId, pod.Path, node.DualStack, "net1").ExitCode);
        Assert.Contains("net1", pod.Ip("link"), StringComparison.Ordinal);
        pod.Ping("10.77.1.1");

        Assert.Equal(0, node.Call("DEL", "second", pod.Path, node.DualStack, "net1").ExitCode);
        Assert.DoesNotContain("net1", pod.Ip("link"), StringComparison.Ordinal);
        pod.Ping("10.77.1.1");
    }

    [KernelTheory]
    [InlineData("DEL", 0, true)]
    [InlineData("DEL", 0, false)]
    [InlineData("GC", 0, false)]
    [InlineData("ADD", 103, true)]
    public void A_pair_of_the_same_container_in_another_network_stays(string command, int code, bool sameNamespace)
    {
        using var node = new Node();
        using var pod = new Pod();
        using var elsewhere = new Pod();
        var result = node.Add(pod, node.DualStack);
        var other = node.DualStack;
        other["name"] = "others";

        var answer = command is "GC" ? node.Collect(other) : node.Call(command, pod.ContainerId, (sameNamespace ? pod : elsewhere).Path, other);

        Assert.Equal(code, answer.ExitCode == 0 ? 0 : (int)JsonNode.Parse(answer.Output.Span)!["code"]!);
        Assert.Equal(0, node.Check(pod, node.DualStack, result).ExitCode);
    }

    [KernelTheory]
    [InlineData("br0", "veth1234", "", true)]
    [InlineData("", "veth1234", "", true)]
    [InlineData("", "veth1234", "fe80::9/64", true)]
    [InlineData("docker0", "veth1234", "", false)]
    [InlineData("", "veth1234", "10.9.9.1/32", false)]
    [InlineData("", "cali1234", "", false)]
    public void Of_other_plugins_pairs_DEL_removes_those_that_the_reference_made_for_the_network(string bridge, string name, string address, bool removed)
    {
        using var node = new Node();
        using var pod = new Pod();
        AddPair(node, pod, bridge, name);
        if (address.Length > 0)
        {
            node.Ip("addr", "add", address, "dev", name);
        }

        node.Del(pod, node.DualStack);

        Assert.Equal(removed, !pod.Ip("link").Contains("eth0", StringComparison.Ordinal));
    }

    [KernelTheory]
    [InlineData("02:00:00:00:00:77", true)]
    [InlineData("02:00:00:00:00:78", false)]
    public void A_reference_pair_with_another_MAC_than_ADD_answered_is_another_pods(string mac, bool removed)
    {
        using var node = new Node();
        using var pod = new Pod();
        AddPair(node, pod, "br0", "veth1234");
        pod.Ip("link", "set", "eth0", "address", "02:00:00:00:00:77");
        var config = node.DualStack;
        config["prevResult"] = JsonNode.Parse($$"""{ "cniVersion": "1.1.0", "interfaces": [{ "name": "eth0", "mac": "{{mac}}", "sandbox": "{{pod.Path}}" }] }""");

        node.Del(pod, config);

        Assert.Equal(removed, !pod.Ip("link").Contains("eth0", StringComparison.Ordinal));
    }

    [KernelFact]
    public void A_pair_that_ends_in_a_third_namespace_stays()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var third = new Pod();
        third.Ip("link", "add", "veth1234", "type", "veth", "peer", "name", "eth0", "netns", pod.ContainerId);

        node.Del(pod, node.DualStack);

        Assert.Contains("eth0", pod.Ip("link"), StringComparison.Ordinal);
    }

    private static void AddPair(Node node, Pod pod, string bridge, string name)
    {
        node.Ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pod.ContainerId);
        if (bridge.Length > 0)
        {
            node.Ip("link", "add", bridge, "type", "bridge");
            node.Ip("link", "set", name, "master", bridge);
        }
    }
}
