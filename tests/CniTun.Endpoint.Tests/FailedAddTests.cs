using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class FailedAddTests
{
    [KernelTheory]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }]], "routes": [{ "dst": "192.0.2.0/24", "gw": "203.0.113.1" }] } }""", 100)]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }]], "routes": [{ "dst": "fd00::/64" }] } }""", 7)]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "10.78.1.0/30", "rangeStart": "10.78.1.1", "rangeEnd": "10.78.1.1" }]] } }""", 101)]
    [InlineData("""{ "bridge": "lo", "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""", 7)]
    public void A_failed_ADD_leaves_nothing(string keys, int code)
    {
        using var node = new Node();
        using var pod = new Pod();

        var error = node.Fail("ADD", pod, node.Config(keys));

        Assert.Equal(code, (int)error["code"]!);
        Assert.Equal("1.1.0", (string?)error["cniVersion"]);
        Assert.False(string.IsNullOrEmpty((string?)error["details"]));
        node.AssertNothingLeft();
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
        Assert.Empty(node.Diagnostics);
    }

    [KernelFact]
    public void An_interface_that_is_there_is_kept_and_named()
    {
        using var node = new Node();
        using var pod = new Pod();
        pod.Ip("link", "add", "eth0", "type", "bridge");

        var error = node.Fail("ADD", pod, node.DualStack);

        Assert.Equal(103, (int)error["code"]!);
        Assert.Contains("eth0", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Contains("eth0", pod.Ip("link"), StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void A_second_ADD_fails_and_leaves_the_first_untouched()
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);

        Assert.Equal(103, (int)node.Fail("ADD", pod, node.DualStack)["code"]!);

        pod.Ping("10.77.1.1");
        Assert.Equal(0, node.Check(pod, node.DualStack, result).ExitCode);
    }

    [KernelFact]
    public void A_namespace_that_is_none_is_named_before_anything_is_made()
    {
        using var node = new Node();
        foreach (var path in new[] { "/nonexistent/netns", "/etc/passwd", "/proc/self/ns/mnt", node.Path })
        {
            var answer = node.Call("ADD", "container", path, node.DualStack);

            var error = JsonNode.Parse(answer.Output.Span)!;
            Assert.Equal(4, (int)error["code"]!);
            Assert.Contains("CNI_NETNS", (string?)error["msg"], StringComparison.Ordinal);
            Assert.Contains(path, (string?)error["msg"], StringComparison.Ordinal);
        }

        node.AssertNothingLeft();
        Assert.DoesNotContain("br0", node.Ip("link"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void An_exhausted_pool_says_so_and_serves_again_after_a_DEL()
    {
        using var node = new Node();
        var config = node.Config("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/29" }]] } }""");
        var pods = Enumerable.Range(0, 6).Select(_ => new Pod()).ToList();
        try
        {
            foreach (var pod in pods[..5])
            {
                node.Add(pod, config);
            }

            var error = node.Fail("ADD", pods[5], config);
            Assert.Equal(101, (int)error["code"]!);
            Assert.Contains("10.77.1.1-10.77.1.6", (string?)error["msg"], StringComparison.Ordinal);
            node.Del(pods[2], config);
            Assert.Equal("10.77.1.4/29", (string?)node.Add(pods[5], config)["ips"]![0]!["address"]);
        }
        finally
        {
            pods.ForEach(pod => pod.Dispose());
        }
    }

    [KernelFact]
    public void An_unusable_lease_directory_is_named()
    {
        using var node = new Node();
        using var pod = new Pod();

        var error = node.Fail("ADD", pod, node.Config("""{ "ipam": { "type": "cnitun", "dataDir": "/proc/cnitun", "subnet": "10.77.1.0/24" } }"""));

        Assert.Equal(102, (int)error["code"]!);
        Assert.Contains("/proc/cnitun", (string?)error["msg"], StringComparison.Ordinal);
    }

    [KernelFact]
    public void Failures_leave_no_descriptor_open()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "bridge": "lo", "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""");

        OpenDescriptors.AssertNoneLeaked(() => node.Fail("ADD", pod, config));
    }
}
