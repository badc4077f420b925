using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class GcTests
{
    private const string SecondNetwork = """{ "name": "second", "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.78.0.0/24" }]] } }""";

    [KernelFact]
    public void GC_frees_exactly_what_is_not_listed_and_may_be_repeated()
    {
        using var node = new Node();
        using var kept = new Pod();
        using var gone = new Pod();
        var result = node.Add(kept, node.DualStack);
        node.Add(gone, node.DualStack);

        for (var i = 0; i < 2; i++)
        {
            var answer = node.Collect(node.DualStack, kept);
            Assert.True(answer.ExitCode == 0, Node.Text(answer));
            Assert.True(answer.Output.IsEmpty);
        }

        Assert.Equal(0, node.Check(kept, node.DualStack, result).ExitCode);
        Assert.Single(node.Endpoints());
        Assert.Equal(["10.77.1.2", "fd00:77:1::2"], node.Leases());
        kept.Ping("10.77.1.1");
    }

    [KernelFact]
    public void An_attachment_is_known_by_container_and_interface()
    {
        using var node = new Node();
        using var pod = new Pod();
        foreach (var ifname in new[] { "eth0", "eth1" })
        {
            Assert.Equal(0, node.Call("ADD", pod.ContainerId, pod.Path, node.DualStack, ifname).ExitCode);
        }

        Assert.Equal(0, node.Collect(node.DualStack, pod).ExitCode);

        Assert.Contains("eth0", pod.Ip("link"), StringComparison.Ordinal);
        Assert.DoesNotContain("eth1", pod.Ip("link"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void An_empty_list_frees_all_and_no_list_is_an_error()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        var error = node.Fail("GC", pod, node.DualStack);
        Assert.Equal(7, (int)error["code"]!);
        Assert.Contains("valid-attachments", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Single(node.Endpoints());

        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Null_is_the_empty_list_as_Go_writes_it()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        var config = node.DualStack;
        config["cni.dev/valid-attachments"] = null;

        var answer = node.Call("GC", string.Empty, string.Empty, config);

        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("[null]", "[0] is not an object")]
    [InlineData("""[{ "containerID": null, "ifname": "eth0" }]""", "[0] lacks containerID or ifname")]
    [InlineData("""[{ "containerID": "a", "ifname": null }]""", "[0] lacks containerID or ifname")]
    [InlineData("""[{ "containerID": "a" }]""", "[0] lacks containerID or ifname")]
    public void An_entry_that_names_no_attachment_is_an_error_that_says_where_and_frees_nothing(string list, string expected)
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        var config = node.DualStack;
        config["cni.dev/valid-attachments"] = JsonNode.Parse(list);

        var error = node.Fail("GC", pod, config);

        Assert.Equal(6, (int)error["code"]!);
        Assert.Contains(expected, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Single(node.Endpoints());
    }

    [KernelFact]
    public void GC_of_a_network_that_has_nothing_makes_nothing()
    {
        using var node = new Node();

        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);

        Assert.Empty(Directory.GetFileSystemEntries(node.DataDirectory));
    }

    [KernelFact]
    public void What_another_network_has_is_kept_even_on_the_same_bridge_and_in_the_same_directory()
    {
        using var node = new Node();
        using var pod = new Pod();
        var second = node.Config(SecondNetwork);
        var result = node.Add(pod, second);

        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);

        Assert.Equal(0, node.Check(pod, second, result).ExitCode);
    }

    [KernelFact]
    public void An_interface_that_another_network_finished_is_kept_though_a_killed_ADD_left_a_record_of_the_same_name()
    {
        using var node = new Node();
        using var pod = new Pod();
        Directory.CreateDirectory($"{node.DataDirectory}/pods/attachments/{pod.ContainerId}:eth0");
        Directory.CreateDirectory($"{node.DataDirectory}/pods/addresses");
        Directory.CreateDirectory($"{node.DataDirectory}/pods/pools");
        var second = node.Config(SecondNetwork);
        var result = node.Add(pod, second);

        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);

        Assert.Equal(0, node.Check(pod, second, result).ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries($"{node.DataDirectory}/pods/attachments"));
    }

    [KernelFact]
    public void A_veth_whose_record_was_lost_is_removed()
    {
        using var node = new Node();
        using var kept = new Pod();
        using var gone = new Pod();
        node.Add(kept, node.DualStack);
        node.Add(gone, node.DualStack);
        Directory.Delete($"{node.DataDirectory}/pods", recursive: true);

        Assert.Equal(0, node.Collect(node.DualStack, kept).ExitCode);

        Assert.Single(node.Endpoints());
        kept.Ping("10.77.1.1");
    }

    [KernelFact]
    public void What_cannot_be_removed_is_reported_and_the_rest_is_removed_all_the_same()
    {
        using var node = new Node();
        using var stuck = new Pod();
        using var other = new Pod();
        node.Add(stuck, node.DualStack);
        node.Add(other, node.DualStack);
        var obstacle = $"{node.DataDirectory}/pods/attachments/{stuck.ContainerId}:eth0/obstacle";
        Directory.CreateDirectory(obstacle);

        var answer = node.Collect(node.DualStack);

        var error = JsonNode.Parse(answer.Output.Span)!;
        Assert.Equal(107, (int)error["code"]!);
        Assert.Contains(stuck.ContainerId, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Empty(node.Endpoints());
        Directory.Delete(obstacle);
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        node.AssertNothingLeft();
    }
}
