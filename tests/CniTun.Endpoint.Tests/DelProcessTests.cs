using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>DEL as a process of its own: it leaves waiting for the kernel to a forked child.</summary>
public sealed class DelProcessTests
{
    private const int Killed = 128 + 9;

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void When_DEL_returns_the_link_is_gone_and_its_name_is_free(bool masquerade)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["ipMasq"] = masquerade;
        for (var round = 0; round < 20; round++)
        {
            Succeed(PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, config));
            Succeed(PluginProcess.Run(node, "DEL", pod.ContainerId, round % 2 == 0 ? pod.Path : string.Empty, config));

            node.AssertNothingLeft();
            Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
        }
    }

    [KernelTheory]
    [InlineData("clone:error=EAGAIN")]
    [InlineData("write:error=ENOBUFS")]
    [InlineData("close_range:error=ENOSYS")]
    [InlineData("dup2:signal=KILL")]
    [InlineData("close_range:signal=KILL")]
    [InlineData("write:signal=KILL")]
    public void Whatever_becomes_of_the_child_DEL_succeeds_and_the_link_is_gone(string injection)
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        Succeed(TracedPlugin.RunWith(node, "DEL", pod, node.DualStack, injection));

        node.AssertNothingLeft();
    }

    [KernelFact]
    public void What_the_kernel_refuses_the_child_is_the_error_of_DEL()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        var answer = Command.Try(
            "ip",
            ["netns", "exec", node.Name, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", PublishedBinary.Path("cnitun")],
            PluginProcess.Environment("DEL", pod.ContainerId, pod.Path),
            node.DualStack.ToJsonString());

        Assert.Equal(1, answer.ExitCode);
        var error = JsonNode.Parse(answer.Output)!;
        Assert.Equal(100, (int)error["code"]!);
        Assert.Contains("EPERM", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Single(node.Endpoints());
    }

    /// <summary>The child names the link by its index, which no other link gets.</summary>
    [KernelFact]
    public void The_child_of_a_DEL_that_was_killed_does_not_touch_what_was_added_since()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        var log = Path.Combine(node.DataDirectory, "strace.log");
        using var late = TracedPlugin.StartWith(
            node, "DEL", pod, node.DualStack, log, "poll:signal=KILL:when=1", "close_range:signal=STOP");
        string[] stopped = [];
        Eventually.True(
            () => (stopped = [.. LinesOf(log).Where(line => line.EndsWith("--- stopped by SIGSTOP ---", StringComparison.Ordinal))]).Length == 1,
            () => $"the child stops before it asks the kernel: {string.Join('\n', LinesOf(log))}");

        // While the child waits: what a runtime does whose call was killed.
        node.Del(pod, node.DualStack);
        node.Add(pod, node.DualStack);
        Assert.False(late.HasExited);
        Command.Run("kill", "-CONT", stopped[0].Split(' ')[0]);
        Assert.True(late.WaitForExit(Eventually.Limit));
        File.Delete(log);

        Assert.Equal(Killed, late.ExitCode);
        pod.Ping("10.77.1.1");
        node.Del(pod, node.DualStack);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void A_GC_of_many_removes_all_and_keeps_no_child()
    {
        using var node = new Node();
        var pods = Enumerable.Range(0, 10).Select(_ => new Pod()).ToList();
        try
        {
            pods.ForEach(pod => node.Add(pod, node.DualStack));
            var config = node.DualStack;
            config["cni.dev/valid-attachments"] = new JsonArray();

            Succeed(PluginProcess.Run(node, "GC", string.Empty, string.Empty, config));

            node.AssertNothingLeft();
        }
        finally
        {
            pods.ForEach(pod => pod.Dispose());
        }
    }

    /// <summary>As on a host where hundreds of pods go at once: more happens to links than the socket holds, again and again.</summary>
    [KernelFact]
    public void However_often_the_news_of_links_overrun_it_DEL_succeeds()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        node.Ip("link", "add", "busy", "type", "bridge");
        var flips = Path.Combine(node.DataDirectory, "flips");
        File.WriteAllLines(flips, Enumerable.Range(0, 4000).Select(i => $"link set busy mtu {1000 + (i % 2)}"));
        using var stop = new CancellationTokenSource();
        using var begun = new ManualResetEventSlim();
        var storm = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Ip("-batch", flips);
                begun.Set();
            }
        });
        begun.Wait();

        var answer = TracedPlugin.RunWith(node, "DEL", pod, node.DualStack, "poll:delay_enter=1s:when=1", "recvfrom:delay_enter=50ms");
        stop.Cancel();
        storm.Wait();
        File.Delete(flips);

        Succeed(answer);
        node.Ip("link", "del", "busy");
        node.AssertNothingLeft();
    }

    private static string[] LinesOf(string log) => File.Exists(log) ? File.ReadAllLines(log) : [];

    private static void Succeed(Answer answer) => Assert.True(answer.ExitCode == 0, answer.Output + answer.Error);
}
