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
        { "node", "sysctl net.ipv4.ip_forward=0", "net/ipv4/ip_forward is 0" },
        { "node", "sysctl net.ipv4.conf.br0.forwarding=0", "net/ipv4/conf/br0/forwarding is 0" },
        { "node", "sysctl net.ipv6.conf.all.forwarding=0", "net/ipv6/conf/all/forwarding is 0" },
        { "node", "sysctl net.ipv6.conf.br0.forwarding=0", "net/ipv6/conf/br0/forwarding is 0" },
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
        _ = arguments is ["sysctl", var setting] ? node.Try("sysctl", "-w", setting).Output
            : string.Equals(where, "pod", StringComparison.Ordinal) ? pod.Ip(arguments) : node.Ip(arguments);

        var answer = node.Check(pod, node.DualStack, result);

        Assert.Equal(1, answer.ExitCode);
        var error = JsonNode.Parse(answer.Output.Span)!;
        Assert.Equal(104, (int)error["code"]!);
        Assert.Contains(expected.Replace("{host}", host, StringComparison.Ordinal), (string?)error["msg"], StringComparison.Ordinal);
    }

    [KernelFact]
    public void Check_misses_promiscuity_that_promiscMode_asked_for()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["hairpinMode"] = false;
        config["promiscMode"] = true;
        var result = node.Add(pod, config);
        Assert.Equal(0, node.Check(pod, config, result).ExitCode);

        node.Ip("link", "set", "br0", "promisc", "off");

        Assert.Contains("bridge br0 is not promiscuous", Node.Text(node.Check(pod, config, result)), StringComparison.Ordinal);
    }

    [KernelFact]
    public void Check_wants_no_forwarding_where_the_network_has_no_gateway()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        var result = node.Add(pod, config);

        Assert.Equal(0, node.Check(pod, config, result).ExitCode);
    }

    [KernelTheory]
    [InlineData("02:00:00:00:0a:09", "02-00-00-00-0A-09", true)]
    [InlineData("02:00:00:00:0a:09", "0200.0000.0a09", true)]
    [InlineData("02:00:00:00:0a:08", "02:00:00:00:0a:09", false)]
    public void The_MAC_that_a_later_plugin_says_it_set_is_the_one_that_counts(string actual, string told, bool content)
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);
        pod.Ip("link", "set", "eth0", "address", actual);
        result["interfaces"]![2]!["mac"] = told;

        var answer = node.Check(pod, node.DualStack, result);

        Assert.True(answer.ExitCode == (content ? 0 : 1), Node.Text(answer));
    }

    [KernelTheory]
    [InlineData(1300, true)]
    [InlineData(1301, false)]
    public void So_is_the_MTU(int told, bool content)
    {
        using var node = new Node();
        using var pod = new Pod();
        var result = node.Add(pod, node.DualStack);
        pod.Ip("link", "set", "eth0", "mtu", "1300");
        result["interfaces"]![2]!["mtu"] = told;

        var answer = node.Check(pod, node.DualStack, result);

        Assert.True(answer.ExitCode == (content ? 0 : 1), Node.Text(answer));
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
