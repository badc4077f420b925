using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class CheckTests
{
    /// <summary>What somebody does behind our back, at the node ("node") or in the pod ("pod"), and how CHECK names it.</summary>
    public static TheoryData<string, string, string> Differences => new()
    {
        { "pod", "link set eth0 down", "eth0 is down" },
        { "pod", "link set eth0 address 02:00:00:00:00:09", "eth0 has MAC 02:00:00:00:00:09" },
        { "pod", "link set eth0 mtu 1300", "eth0 has MTU 1300 instead of 1450" },
        { "pod", "link del eth0", "has no interface eth0" },
        { "pod", "addr del 10.77.1.2/24 dev eth0", "eth0 has no address 10.77.1.2/24" },
        { "pod", "addr del fd00:77:1::2/64 dev eth0", "eth0 has no address fd00:77:1::2/64" },
        { "pod", "route del default", "no route to 0.0.0.0/0 via 10.77.1.1" },
        { "pod", "-6 route del default", "no route to ::/0 via fd00:77:1::1" },
        { "node", "link set br0 down", "bridge br0 is down" },
        { "node", "addr del 10.77.1.1/24 dev br0", "bridge br0 has no address 10.77.1.1" },
        { "node", "link set {host} nomaster", "is not a port of bridge br0" },
        { "node", "link set {host} down", "is down" },
        { "node", "link set {host} type bridge_slave hairpin off", "hairpin of {host} is off" },
        { "node", "link del br0", "bridge br0 is missing" },
    };

    [KernelFact]
    public void Check_of_what_ADD_left_is_silent()
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);

        var answer = node.Check(pod, node.DualStack, result);

        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        Assert.True(answer.Output.IsEmpty);
    }

    [KernelTheory]
    [MemberData(nameof(Differences))]
    public void Check_names_the_first_difference(string where, string change, string expected)
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);
        var host = (string?)result["interfaces"]![1]!["name"]!;
        var arguments = change.Replace("{host}", host, StringComparison.Ordinal).Split(' ');
        _ = string.Equals(where, "pod", StringComparison.Ordinal) ? pod.Ip(arguments) : node.Ip(arguments);

        var answer = node.Check(pod, node.DualStack, result);

        Assert.Equal(1, answer.ExitCode);
        var error = JsonNode.Parse(answer.Output.Span)!;
        Assert.Equal(104, (int)error["code"]!);
        Assert.Contains(expected.Replace("{host}", host, StringComparison.Ordinal), (string?)error["msg"], StringComparison.Ordinal);
    }

    [KernelFact]
    public void Check_misses_a_lease_that_somebody_removed()
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);
        File.Delete($"{node.DataDirectory}/pods/addresses/10.77.1.2");

        var answer = node.Check(pod, node.DualStack, result);

        Assert.Contains("10.77.1.2/24 is not leased", Node.Text(answer), StringComparison.Ordinal);
    }

    [KernelFact]
    public void Check_needs_the_result_of_ADD()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        var error = node.Fail("CHECK", pod, node.DualStack);

        Assert.Equal(7, (int)error["code"]!);
        Assert.Contains("prevResult", (string?)error["msg"], StringComparison.Ordinal);
    }

    [KernelFact]
    public void Check_of_a_pod_that_is_gone_names_its_namespace()
    {
        using var node = new Node();
        var pod = new Pod();
        var result = node.Add(pod, node.DualStack);
        pod.Dispose();

        Assert.Contains("CNI_NETNS", Node.Text(node.Check(pod, node.DualStack, result)), StringComparison.Ordinal);
    }
}
