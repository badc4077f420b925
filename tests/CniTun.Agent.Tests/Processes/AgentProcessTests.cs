namespace CniTun.Agent.Tests.Processes;

/// <summary>Agents and tunnels as processes, on nodes that are namespaces. One test at a time, and nothing beside it: they share the processors.</summary>
[Collection(nameof(AgentProcessTests))]
[CollectionDefinition(nameof(AgentProcessTests), DisableParallelization = true)]
public sealed class AgentProcessTests
{
    [KernelFact]
    public void Pods_of_two_nodes_reach_each_other_and_again_after_any_of_the_processes_was_killed()
    {
        using var left = new TestNode(1);
        using var right = new TestNode(2);
        StartBoth(left, right);

        Assert.True(left.Reaches(right));
        Assert.True(right.Reaches(left));

        // The host itself, with no source chosen for it.
        left.Space.Run("ping", "-c", "1", "-W", "30", "10.77.2.5");
        left.Space.Run("ping", "-c", "1", "-W", "30", "fd00:77:2::5");

        left.Agent.Kill();
        Assert.True(left.Reaches(right));
        left.StartAgent();
        left.WaitUntil(() => left.Agent.Log.Contains("node is ready", StringComparison.Ordinal));
        Assert.True(left.Reaches(right));

        left.Tunnel.Kill();
        left.StartTunnel();
        left.WaitUntil(() => left.Reaches(right, seconds: 2));
        Assert.True(right.Reaches(left));
    }

    [KernelFact]
    public void A_path_that_is_narrower_than_the_interfaces_on_it_is_found_by_probes_and_routes_follow_it()
    {
        using var middle = new TestNamespace("middle");
        using var left = new TestNode(1);
        using var right = new TestNode(2);
        TestNode.ConnectThrough(middle, 1400, left, right);
        Start(left, right);

        foreach (var (node, other) in new[] { (left, right), (right, left) })
        {
            node.WaitUntil(() => node.Knows(other, 1400, "mtu 1372 "));
            Assert.Contains("mtu 1472", node.Space.Ip("link", "show", "tun0"), StringComparison.Ordinal);
            Assert.Contains("\"mtu\": 1472,", File.ReadAllText(node.CniConfigFile), StringComparison.Ordinal);
        }

        left.Exchange(right, 64 << 10);

        Assert.Contains("mtu 1372", left.Space.Ip("-6", "route"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void One_narrow_path_is_a_matter_of_its_route_and_of_nobody_else()
    {
        using var middle = new TestNamespace("middle");
        using var a = new TestNode(1);
        using var b = new TestNode(2);
        using var c = new TestNode(3);
        TestNode.ConnectPair(middle, 1500, a, b);
        TestNode.ConnectPair(middle, 1500, a, c);
        TestNode.ConnectPair(middle, 1340, b, c);
        foreach (var node in new[] { a, b, c })
        {
            node.Space.Ip("link", "del", "pods");
        }

        Start(a, b, c);
        a.WaitUntil(() => a.Knows(b, 1500) && a.Knows(c, 1500));
        b.WaitUntil(() => b.Knows(a, 1500) && b.Knows(c, 1340, "mtu 1312 "));
        c.WaitUntil(() => c.Knows(a, 1500) && c.Knows(b, 1340, "mtu 1312 "));

        using var onA = a.AddPod("pod-a");
        using var onB = b.AddPod("pod-b");
        using var besideB = b.AddPod("pod-b2");
        using var onC = c.AddPod("pod-c");
        Assert.Equal([1472, 1472, 1472, 1472], new[] { onA, onB, besideB, onC }.Select(pod => pod.MtuBytes));
        foreach (var (from, to) in new[] { (onA, onB), (onB, onA), (onA, onC), (onC, onA), (onB, besideB), (besideB, onB) })
        {
            b.WaitUntil(() => from.Ping(to, 1472).ExitCode == 0 && from.Ping6(to, 1472).ExitCode == 0);
        }

        foreach (var (from, to) in new[] { (onB, onC), (onC, onB) })
        {
            b.WaitUntil(() => from.Ping(to, 1472).Output.Contains("mtu = 1312", StringComparison.Ordinal));
            b.WaitUntil(() => from.Ping6(to, 1472).Output.Contains("mtu=1312", StringComparison.Ordinal));
            b.WaitUntil(() => from.Ping(to, 1312).ExitCode == 0 && from.Ping6(to, 1312).ExitCode == 0);
        }

        besideB.Exchange(onC, 64 << 10);
    }

    [KernelFact]
    public void An_agent_that_was_killed_and_came_back_changes_nothing()
    {
        using var left = new TestNode(1);
        using var right = new TestNode(2);
        StartBoth(left, right);
        var before = left.Everything();

        left.Agent.Kill();
        left.StartAgent();
        left.WaitUntil(() => left.Agent.Log.Contains("node is ready", StringComparison.Ordinal));

        Assert.Equal(before, left.Everything());
        Assert.Equal(0, left.Agent.Terminate());
        Assert.Equal(before, left.Everything());
        Assert.Equal(
            ["starts", "names 2 nodes", "node is ready", "stopped"],
            left.Agent.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => new[] { "starts", "names 2 nodes", "node is ready", "stopped" }.FirstOrDefault(words => line.Contains(words, StringComparison.Ordinal)) ?? line));
    }

    [KernelFact]
    public void A_node_that_joins_or_leaves_the_peers_file_gains_or_loses_peer_and_routes()
    {
        using var left = new TestNode(1);
        using var right = new TestNode(2);
        TestNode.Connect(left, right);
        left.WritePeers(left);
        left.StartTunnel();
        left.StartAgent();
        left.WaitUntilReady();
        Assert.Empty(left.TunnelState().Peers);

        left.WritePeers(left, right);
        left.WaitUntil(() => left.Space.Ip("route").Contains("10.77.2.0/24 dev tun0", StringComparison.Ordinal));
        Assert.Equal(right.PublicKey, Assert.Single(left.TunnelState().Peers).PublicKey.ToBase64());

        // A broken file changes nothing.
        File.WriteAllText(left.PeersFile, "{");
        left.WaitUntil(() => left.Agent.Log.Contains("its last good content stays in force", StringComparison.Ordinal));
        Assert.Single(left.TunnelState().Peers);

        left.WritePeers(left);
        left.WaitUntil(() => !left.Space.Ip("route").Contains("10.77.2.0/24", StringComparison.Ordinal));
        left.WaitUntil(() => left.TunnelState().Peers.Count == 0);
    }

    [KernelFact]
    public void What_somebody_removed_is_put_back()
    {
        using var left = new TestNode(1);
        using var right = new TestNode(2);
        StartBoth(left, right);
        var before = left.Space.Ip("route");

        left.Space.Ip("route", "flush", "proto", "199");
        left.Space.Ip("link", "set", "tun0", "down");

        left.WaitUntil(() => left.Space.Ip("route") == before);
        left.WaitUntil(() => left.Reaches(right, seconds: 2));
    }

    [KernelFact]
    public void An_agent_waits_for_peers_file_and_tunnel_and_promises_nothing_before_both_are_there()
    {
        using var node = new TestNode(1);
        node.Space.Ip("link", "add", "cable", "type", "bridge");
        node.StartAgent();
        node.WaitUntil(() => node.Agent.Log.Contains("no such file; waiting", StringComparison.Ordinal));

        node.WritePeers(node);
        node.WaitUntil(() => node.Agent.Log.Contains($"node is not right yet: no tunnel answers on {node.SocketPath}", StringComparison.Ordinal));
        Assert.False(File.Exists(node.CniConfigFile));
        Assert.Contains("unreachable 10.77.1.0/24", node.Space.Ip("route"), StringComparison.Ordinal);

        node.StartTunnel();
        node.WaitUntilReady();
        Assert.Equal(0, node.Agent.Terminate());
    }

    [KernelFact]
    public void A_second_agent_on_a_node_ends_with_an_error_that_names_the_first()
    {
        using var node = new TestNode(1);
        node.WritePeers(node);
        node.StartAgent();
        node.WaitUntil(() => node.Agent.Log.Contains("starts", StringComparison.Ordinal));

        using var second = new NodeProcess(node.Space, "cnitun-agent", "--config", node.ConfigFile);

        Assert.Equal(1, second.WaitForExit());
        Assert.Matches("^cnitun-agent: another agent uses .*/state: its agent.lock is held by process [0-9]+\n", second.Log);
    }

    [KernelTheory]
    [InlineData(2, "cnitun-agent: unknown option '--nonsense'; see --help", "--nonsense")]
    [InlineData(1, "cnitun-agent: /nonexistent: cannot be read: no such file", "--config", "/nonexistent")]
    [InlineData(1, "cnitun-agent: no peers file: say --peers-file FILE, or peersFile in the config file", "--state-dir", "/tmp")]
    public void A_mistake_ends_with_one_line_and_an_exit_code(int exitCode, string complaint, params string[] arguments)
    {
        var command = NodeProcess.CommandLine("cnitun-agent");

        var answer = Command.Try(command[0], [.. command.Skip(1), .. arguments]);

        Assert.Equal((exitCode, $"{complaint}\n", string.Empty), (answer.ExitCode, answer.Error, answer.Output));
    }

    private static void StartBoth(TestNode left, TestNode right)
    {
        TestNode.Connect(left, right);
        Start(left, right);
    }

    private static void Start(params TestNode[] nodes)
    {
        foreach (var node in nodes)
        {
            node.WritePeers(nodes);
        }

        // In either order.
        nodes[0].StartAgent();
        nodes[0].StartTunnel();
        foreach (var node in nodes[1..])
        {
            node.StartTunnel();
            node.StartAgent();
        }

        foreach (var node in nodes)
        {
            node.WaitUntilReady();
        }
    }
}
