namespace CniTun.Endpoint.Tests;

/// <summary>Hosts, often containers themselves, whose kernel settings nobody can write.</summary>
public sealed class ReadOnlySettingsTests
{
    [KernelTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_the_settings_are_right_ADD_and_DEL_work_without_writing_any(bool podsToo)
    {
        using var node = new Node();
        using var first = new Pod();
        using var pod = new Pod();
        node.Add(first, node.DualStack);
        if (podsToo)
        {
            pod.Run("sysctl", "-qw", "net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.accept_dad=0");
        }

        var added = Run(node, "ADD", pod);

        Assert.True(added.ExitCode == 0, added.Output + added.Error);
        Assert.Equal(podsToo, added.Error.Length == 0);
        Assert.Equal(!podsToo, added.Error.Contains("accept_ra", StringComparison.Ordinal));
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        Assert.Equal(0, Run(node, "DEL", pod).ExitCode);
    }

    [KernelFact]
    public void A_setting_that_is_wrong_is_named_and_nothing_is_left()
    {
        using var node = new Node();
        using var first = new Pod();
        using var pod = new Pod();
        node.Add(first, node.DualStack);
        node.Try("sysctl", "-qw", "net.ipv4.ip_forward=0");

        var answer = Run(node, "ADD", pod);

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("EROFS", answer.Output, StringComparison.Ordinal);
        Assert.Contains("/proc/sys/net/ipv4/ip_forward", answer.Output, StringComparison.Ordinal);
        Assert.Contains("read-only", answer.Output, StringComparison.Ordinal);
        Assert.Single(node.Endpoints());
        Assert.Equal(2, node.Leases().Count);
    }

    /// <summary>The mount is the process's own, as all of its mounts behind <c>ip netns exec</c>.</summary>
    private static Answer Run(Node node, string command, Pod pod) => Command.Try(
        "ip",
        [
            "netns", "exec", node.Name, "sh", "-c",
            "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$0\"", PublishedBinary.Path("cnitun"),
        ],
        PluginProcess.Environment(command, pod.ContainerId, pod.Path),
        node.DualStack.ToJsonString());
}
