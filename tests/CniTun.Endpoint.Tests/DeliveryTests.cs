using System.Diagnostics;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>ADD is done when its result was taken: before, whatever happens, the same ADD again succeeds.</summary>
public sealed class DeliveryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [KernelFact]
    public void Killed_while_nobody_takes_the_result_the_same_ADD_again_succeeds()
    {
        using var node = new Node();
        using var pod = new Pod();
        for (var round = 0; round < 3; round++)
        {
            using var process = Start(node, pod, "head -c 65536 /dev/zero; exec \"$0\"");
            process.StandardInput.Write(node.DualStack.ToJsonString());
            process.StandardInput.Close();
            const string writesOutput = "1 0x1 ";
            AssertSoon(() => File.ReadAllText($"/proc/{process.Id}/syscall").StartsWith(writesOutput, StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{process.Id}/comm").Trim() is "cnitun");
            pod.Ping("10.77.1.1");
            process.Kill();
            process.WaitForExit();

            node.Add(pod, node.DualStack);

            pod.Ping("10.77.1.1");
            Assert.Equal(2, node.Leases().Count);
            Assert.Single(node.Endpoints());
            node.Del(pod, node.DualStack);
            node.AssertNothingLeft();
        }
    }

    [KernelFact]
    public void A_result_that_nobody_can_take_any_more_undoes_the_ADD()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var process = Start(node, pod, "exec \"$0\"");
        process.StandardOutput.Close();
        process.StandardInput.Write(node.DualStack.ToJsonString());
        process.StandardInput.Close();

        Assert.True(process.WaitForExit(Patience));

        Assert.Equal(1, process.ExitCode);
        node.AssertNothingLeft();
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
    }

    /// <summary>Only a kill behind the mark, with nothing left to do, leaves a container that has its interface.</summary>
    [KernelFact]
    public void Killed_at_any_system_call_before_its_last_the_same_ADD_again_succeeds()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var neighbour = new Pod();
        node.Add(neighbour, node.DualStack);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, node.DualStack, "openat(AT_FDCWD, \"/run/netns/", before: () => { }, after: () => node.Del(pod, node.DualStack));
        var done = new List<KillPoint>();

        foreach (var point in points)
        {
            var killed = TracedPlugin.KillAt(node, "ADD", pod, node.DualStack, point);
            if (!node.Ip("link").Contains($"alias cnitun pods {pod.ContainerId}/eth0", StringComparison.Ordinal))
            {
                node.Add(pod, node.DualStack);
            }
            else if (killed)
            {
                done.Add(point);
            }

            pod.Ping("10.77.1.1");
            node.Del(pod, node.DualStack);
        }

        // The close of the socket that made the mark, and the end.
        Assert.True(points.Count > 50, $"{points.Count} system calls");
        Assert.True(done.Count <= 2, string.Join(' ', done));
    }

    private static void AssertSoon(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience));

    private static Process Start(Node node, Pod pod, string script) => Command.Start(
        "ip",
        ["netns", "exec", node.Name, "sh", "-c", script, PublishedBinary.Path("cnitun")],
        PluginProcess.Environment("ADD", pod.ContainerId, pod.Path));
}
