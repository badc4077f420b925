namespace CniTun.Endpoint.Tests;

public sealed class DelTests
{
    [KernelTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Del_removes_everything_and_may_be_repeated(bool withNetns)
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        for (var i = 0; i < 3; i++)
        {
            node.Del(pod, node.DualStack, withNetns);
            node.AssertNothingLeft();
            Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
        }
    }

    [KernelFact]
    public void Del_for_a_pod_that_was_never_added_succeeds_and_makes_nothing()
    {
        using var node = new Node();
        using var pod = new Pod();

        node.Del(pod, node.DualStack);

        Assert.Empty(Directory.GetFileSystemEntries(node.DataDirectory));
    }

    [KernelFact]
    public void Del_after_the_netns_vanished_still_frees_the_address()
    {
        using var node = new Node();
        var pod = new Pod();
        node.Add(pod, node.DualStack);
        pod.Dispose();

        node.Del(pod, node.DualStack);

        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Del_succeeds_where_the_netns_path_is_something_else_by_now()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        foreach (var path in new[] { "/etc/passwd", "/nonexistent", node.Path })
        {
            Assert.Equal(0, node.Call("DEL", pod.ContainerId, path, node.DualStack).ExitCode);
        }

        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Del_removes_an_interface_that_another_plugin_made()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Ip("link", "add", "veth1234", "type", "veth", "peer", "name", "eth0", "netns", pod.ContainerId);

        node.Del(pod, node.DualStack);

        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Del_of_one_pod_leaves_the_other()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        node.Add(first, node.DualStack);
        var result = node.Add(second, node.DualStack);

        node.Del(first, node.DualStack);

        second.Ping("10.77.1.1");
        Assert.Equal(0, node.Check(second, node.DualStack, result).ExitCode);
    }

    [KernelFact]
    public void An_address_is_not_given_out_again_at_once()
    {
        using var node = new Node();
        using var pod = new Pod();
        var first = (string?)node.Add(pod, node.DualStack)["ips"]![0]!["address"];
        node.Del(pod, node.DualStack);

        Assert.NotEqual(first, (string?)node.Add(pod, node.DualStack)["ips"]![0]!["address"]);
    }
}
