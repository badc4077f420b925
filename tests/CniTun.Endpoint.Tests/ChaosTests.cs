using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>Many processes at once while things go wrong: afterwards everything is as the answers said.</summary>
public sealed class ChaosTests
{
    [KernelFact]
    public void A_hundred_ADDs_and_DELs_at_once_end_as_they_answered()
    {
        using var node = new Node();
        using var pods = new PodSet(50);
        RunAll(pods, pod => PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack), pods.Take(25));

        var answers = RunAll(
            pods,
            pod => PluginProcess.Run(node, pods.IndexOf(pod) < 25 ? "DEL" : "ADD", pod.ContainerId, pod.Path, node.DualStack),
            pods);

        Assert.All(answers, answer => Assert.True(answer.ExitCode == 0, answer.Output + answer.Error));
        Assert.Equal(25, node.Endpoints().Count);
        Assert.Equal(50, node.Leases().Count);
        pods[49].Ping("10.77.1.1");
        Assert.All(RunAll(pods, pod => PluginProcess.Run(node, "DEL", pod.ContainerId, pod.Path, node.DualStack), pods.Skip(25)), answer => Assert.Equal(0, answer.ExitCode));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void A_pool_for_ten_serves_exactly_ten_of_thirty_at_once_and_all_others_after_them()
    {
        using var node = new Node();
        using var pods = new PodSet(30);
        var config = node.Config("""{ "isGateway": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "rangeStart": "10.77.1.100", "rangeEnd": "10.77.1.109" } }""");
        var left = pods.ToList();
        for (var round = 0; round < 3; round++)
        {
            var answers = RunAll(pods, pod => PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, config), left);

            var served = left.Where((_, i) => answers[i].ExitCode == 0).ToList();
            Assert.Equal(10, served.Count);
            Assert.All(answers.Where(answer => answer.ExitCode != 0), answer => Assert.Equal(101, (int)JsonNode.Parse(answer.Output)!["code"]!));
            RunAll(pods, pod => PluginProcess.Run(node, "DEL", pod.ContainerId, pod.Path, config), served);
            node.AssertNothingLeft();
            left = [.. left.Except(served)];
        }

        Assert.Empty(left);
    }

    [KernelFact]
    public void A_bridge_that_is_deleted_again_and_again_under_parallel_ADDs_leaves_nothing_half_made()
    {
        using var node = new Node();
        using var pods = new PodSet(20);
        using var stop = new CancellationTokenSource();
        var deleter = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Try("ip", "link", "del", "br0");
            }
        });

        var answers = RunAll(pods, pod => PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack), pods);
        stop.Cancel();
        deleter.Wait();

        var failed = pods.Where((_, i) => answers[i].ExitCode != 0).ToList();
        Assert.All(answers.Where(answer => answer.ExitCode != 0), answer => Assert.Equal(100, (int)JsonNode.Parse(answer.Output)!["code"]!));
        Assert.All(failed, pod => Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal));
        Assert.Equal(2 * (pods.Count - failed.Count), node.Leases().Count);
        RunAll(pods, pod => PluginProcess.Run(node, "DEL", pod.ContainerId, pod.Path, node.DualStack), pods);
        node.AssertNothingLeft();
        node.Add(pods[0], node.DualStack);
        pods[0].Ping("10.77.1.1");
    }

    [KernelFact]
    public void A_lease_directory_that_is_removed_again_and_again_costs_ADDs_but_wedges_nothing()
    {
        using var node = new Node();
        using var pods = new PodSet(20);
        using var stop = new CancellationTokenSource();
        var remover = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Try("rm", "-rf", $"{node.DataDirectory}/pods");
            }
        });

        var answers = RunAll(pods, pod => PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack), pods);
        stop.Cancel();
        remover.Wait();

        Assert.All(answers.Where(answer => answer.ExitCode != 0), answer => Assert.Equal(102, (int)JsonNode.Parse(answer.Output)!["code"]!));
        RunAll(pods, pod => PluginProcess.Run(node, "DEL", pod.ContainerId, pod.Path, node.DualStack), pods);
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        node.AssertNothingLeft();
        node.Add(pods[0], node.DualStack);
        pods[0].Ping("10.77.1.1");
    }

    [KernelFact]
    public void Two_networks_on_one_bridge_serve_their_pods_side_by_side()
    {
        using var node = new Node();
        using var pods = new PodSet(20);
        var second = node.Config("""{ "name": "second", "isGateway": true, "mtu": 1450, "ipam": { "type": "cnitun", "subnet": "10.78.0.0/24" } }""");

        var answers = RunAll(
            pods,
            pod => PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, pods.IndexOf(pod) % 2 == 0 ? node.DualStack : second),
            pods);

        Assert.All(answers, answer => Assert.True(answer.ExitCode == 0, answer.Output + answer.Error));
        pods[0].Ping("10.77.1.1");
        pods[1].Ping("10.78.0.1");
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        Assert.Equal(10, node.Endpoints().Count);
        pods[1].Ping("10.78.0.1");
    }

    private static Answer[] RunAll(PodSet all, Func<Pod, Answer> run, IEnumerable<Pod> which)
    {
        var pods = which.ToList();
        var answers = new Answer[pods.Count];
        Parallel.For(0, pods.Count, new ParallelOptions { MaxDegreeOfParallelism = all.Count }, i => answers[i] = run(pods[i]));
        return answers;
    }

    private sealed class PodSet : List<Pod>, IDisposable
    {
        public PodSet(int count) => AddRange(Enumerable.Range(0, count).Select(_ => new Pod()));

        public void Dispose() => ForEach(pod => pod.Dispose());
    }
}
