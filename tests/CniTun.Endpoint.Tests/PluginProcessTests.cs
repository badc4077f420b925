using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class PluginProcessTests
{
    [KernelFact]
    public void The_published_plugin_does_ADD_CHECK_and_DEL()
    {
        using var node = new Node();
        using var pod = new Pod();

        var added = PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack);
        Assert.True(added.ExitCode == 0, added.Output + added.Error);
        pod.Ping("10.77.1.1");
        var config = node.DualStack;
        config["prevResult"] = JsonNode.Parse(added.Output);

        Assert.Equal(new Answer(0, string.Empty, string.Empty), PluginProcess.Run(node, "CHECK", pod.ContainerId, pod.Path, config));
        Assert.Equal(new Answer(0, string.Empty, string.Empty), PluginProcess.Run(node, "DEL", pod.ContainerId, pod.Path, config));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void An_error_is_one_JSON_object_on_standard_output_and_nothing_else()
    {
        using var node = new Node();

        var answer = PluginProcess.Run(node, "ADD", "pod", "/nonexistent", node.DualStack);

        Assert.Equal(1, answer.ExitCode);
        Assert.Equal(4, (int)JsonNode.Parse(answer.Output)!["code"]!);
        Assert.Empty(answer.Error);
    }

    [Fact]
    public void Without_a_command_a_person_is_told_what_this_is()
    {
        var answer = Command.Try(PublishedBinary.Path("cnitun"), [], new Dictionary<string, string?>(StringComparer.Ordinal) { ["CNI_COMMAND"] = null });

        Assert.Equal((0, string.Empty), (answer.ExitCode, answer.Output));
        Assert.Contains("1.1.0", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_without_end_is_refused()
    {
        var endless = new string(' ', 5 * 1024 * 1024);
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["CNI_COMMAND"] = "VERSION" };

        var answer = Command.Try(PublishedBinary.Path("cnitun"), [], environment, endless);

        Assert.Equal(7, (int)JsonNode.Parse(answer.Output)!["code"]!);
    }

    [KernelFact]
    public void Thirty_parallel_ADDs_give_thirty_different_addresses_and_thirty_DELs_free_them()
    {
        using var node = new Node();
        var pods = Enumerable.Range(0, 30).Select(_ => new Pod()).ToList();
        try
        {
            var answers = new Answer[pods.Count];
            Parallel.For(0, pods.Count, new ParallelOptions { MaxDegreeOfParallelism = pods.Count }, i =>
                answers[i] = PluginProcess.Run(node, "ADD", pods[i].ContainerId, pods[i].Path, node.DualStack));
            Assert.All(answers, answer => Assert.True(answer.ExitCode == 0, answer.Output + answer.Error));
            foreach (var family in new[] { 0, 1 })
            {
                var addresses = answers.Select(answer => (string?)JsonNode.Parse(answer.Output)!["ips"]![family]!["address"]).ToHashSet(StringComparer.Ordinal);
                Assert.Equal(pods.Count, addresses.Count);
            }

            Parallel.For(0, pods.Count, new ParallelOptions { MaxDegreeOfParallelism = pods.Count }, i =>
                answers[i] = PluginProcess.Run(node, "DEL", pods[i].ContainerId, pods[i].Path, node.DualStack));
            Assert.All(answers, answer => Assert.True(answer.ExitCode == 0, answer.Output + answer.Error));
            node.AssertNothingLeft();
        }
        finally
        {
            pods.ForEach(pod => pod.Dispose());
        }
    }
}
