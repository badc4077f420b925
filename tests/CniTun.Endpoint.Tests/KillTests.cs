namespace CniTun.Endpoint.Tests;

public sealed class KillTests
{
    [KernelFact]
    public void SIGKILL_at_random_points_of_ADD_leaves_nothing_that_DEL_does_not_remove()
    {
        var random = new Random(20261123);
        using var node = new Node();
        using var pod = new Pod();
        var finished = 0;
        for (var round = 0; round < 100; round++)
        {
            if (round % 10 == 0)
            {
                // The first ADD makes the bridge, and is killed in that, too.
                node.Try("ip", "link", "del", "br0");
            }

            finished += KillAfter(node, pod, random.Next(16_000)) ? 1 : 0;
            node.Del(pod, node.DualStack, withNetns: round % 2 == 0);

            node.AssertNothingLeft();
            Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
        }

        // Some were killed before their end and some not: else the points were not spread over the whole.
        Assert.InRange(finished, 1, 99);
        AssertWorks(node, pod);
    }

    [KernelFact]
    public void SIGKILL_of_ADD_does_not_stand_in_the_way_of_the_same_ADD()
    {
        var random = new Random(20261124);
        using var node = new Node();
        using var pod = new Pod();
        for (var round = 0; round < 30; round++)
        {
            if (!KillAfter(node, pod, random.Next(12_000)))
            {
                var again = PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack);

                // The kill came after the last step but before the answer: then the pod is complete, and ADD says that it is there.
                Assert.True(again.ExitCode == 0 || again.Output.Contains("\"code\":103", StringComparison.Ordinal), again.Output + again.Error);
            }

            pod.Ping("10.77.1.1");
            node.Del(pod, node.DualStack);
            node.AssertNothingLeft();
        }
    }

    /// <summary>Says whether the ADD reached its end before the kill.</summary>
    private static bool KillAfter(Node node, Pod pod, int microseconds)
    {
        using var process = PluginProcess.Start(node, "ADD", pod.ContainerId, pod.Path, node.DualStack);
        if (!process.WaitForExit(TimeSpan.FromMicroseconds(microseconds)))
        {
            process.Kill();
        }

        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static void AssertWorks(Node node, Pod pod)
    {
        node.Add(pod, node.DualStack);
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        node.Del(pod, node.DualStack);
        node.AssertNothingLeft();
    }
}
