using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class MasqueradeCommandTests
{
    [KernelFact]
    public void ADD_masquerades_CHECK_looks_and_DEL_without_a_netns_removes_it()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = Masquerading(node);

        var result = node.Add(pod, config);
        Assert.Contains("10.77.1.2", Table(node), StringComparison.Ordinal);
        Assert.Contains("fd00:77:1::2", Table(node), StringComparison.Ordinal);
        Assert.Equal(0, node.Check(pod, config, result).ExitCode);

        Assert.Equal(0, node.Try("nft", "delete", "table", "inet", "cnitun").ExitCode);
        Assert.Contains("masquerading lacks", Node.Text(node.Check(pod, config, result)), StringComparison.Ordinal);

        node.Del(pod, config, withNetns: false);
        node.Add(pod, config);
        node.Del(pod, config, withNetns: false);
        Assert.DoesNotContain("10.77.1", Table(node), StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void An_ADD_that_fails_behind_it_leaves_no_element()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""
            { "ipMasq": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "routes": [{ "dst": "192.0.2.0/24", "gw": "203.0.113.1" }] } }
            """);

        Assert.Equal(100, (int)node.Fail("ADD", pod, config)["code"]!);

        Assert.DoesNotContain("10.77.1", Table(node), StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void GC_removes_the_elements_of_what_is_not_valid_and_no_others()
    {
        using var node = new Node();
        using var kept = new Pod();
        using var dropped = new Pod();
        var config = Masquerading(node);
        node.Add(kept, config);
        node.Add(dropped, config);
        var collect = config.DeepClone();
        collect["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = kept.ContainerId, ["ifname"] = "eth0" });

        var answer = node.Call("GC", string.Empty, string.Empty, collect);

        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        Assert.Contains("10.77.1.2", Table(node), StringComparison.Ordinal);
        Assert.DoesNotContain("10.77.1.3", Table(node), StringComparison.Ordinal);
    }

    private static JsonObject Masquerading(Node node)
    {
        var config = node.DualStack;
        config["ipMasq"] = true;
        return config;
    }

    private static string Table(Node node) => node.Try("nft", "list", "table", "inet", "cnitun").Output;
}
