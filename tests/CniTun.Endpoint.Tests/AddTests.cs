using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class AddTests
{
    [KernelFact]
    public void A_pod_reaches_its_gateway_and_another_pod_at_once_in_both_families()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();

        node.Add(first, node.DualStack);
        node.Add(second, node.DualStack);

        foreach (var address in new[] { "10.77.1.1", "10.77.1.3", "fd00:77:1::1", "fd00:77:1::3" })
        {
            first.Ping(address);
        }
    }

    [KernelFact]
    public void A_pod_reaches_itself_through_the_bridge_when_hairpin_is_on()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Add(pod, node.DualStack);

        Assert.Contains("hairpin on", node.Ip("-d", "link", "show", "master", "br0"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void The_result_tells_what_the_kernel_has()
    {
        using var node = new Node();
        using var pod = new Pod();

        var result = node.Add(pod, node.DualStack);

        var bridge = Link(node.Ip("-j", "link", "show", "br0"));
        var host = Link(node.Ip("-j", "link", "show", "master", "br0"));
        var inside = Link(pod.Ip("-j", "link", "show", "eth0"));
        Assert.Equal("1.1.0", (string?)result["cniVersion"]);
        AssertInterface(bridge, result["interfaces"]![0]!);
        AssertInterface(host, result["interfaces"]![1]!);
        AssertInterface(inside, result["interfaces"]![2]!);
        Assert.Null(result["interfaces"]![0]!["sandbox"]);
        Assert.Equal(pod.Path, (string?)result["interfaces"]![2]!["sandbox"]);
        Assert.Equal("10.77.1.2/24", (string?)result["ips"]![0]!["address"]);
        Assert.Equal("10.77.1.1", (string?)result["ips"]![0]!["gateway"]);
        Assert.Equal(2, (int?)result["ips"]![0]!["interface"]);
        Assert.Equal("fd00:77:1::2/64", (string?)result["ips"]![1]!["address"]);
        Assert.Equal(["0.0.0.0/0", "::/0"], result["routes"]!.AsArray().Select(route => (string?)route!["dst"]));
    }

    [KernelFact]
    public void No_address_is_tentative_and_no_advertisement_is_believed()
    {
        using var node = new Node();
        using var pod = new Pod();

        node.Add(pod, node.DualStack);

        Assert.DoesNotContain("tentative", pod.Ip("addr", "show", "scope", "global"), StringComparison.Ordinal);
        Assert.DoesNotContain("tentative", node.Ip("addr", "show", "br0", "scope", "global"), StringComparison.Ordinal);
        Assert.Equal("0", pod.Run("cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra").Trim());
        Assert.Equal("0", node.Try("cat", "/proc/sys/net/ipv6/conf/br0/accept_ra").Output.Trim());
    }

    [KernelFact]
    public void The_bridge_keeps_its_mac_and_mtu_when_pods_come_and_go()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        node.Add(first, node.DualStack);
        var before = (string?)Link(node.Ip("-j", "link", "show", "br0"))["address"];

        node.Add(second, node.DualStack);
        node.Del(first, node.DualStack);

        var after = Link(node.Ip("-j", "link", "show", "br0"));
        Assert.Equal((before, 1450), ((string?)after["address"], (int)after["mtu"]!));
    }

    [KernelTheory]
    [InlineData("""{ "mtu": 1400, "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24", "gateway": "10.77.1.254" }]] } }""", "10.77.1.1/24")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "rangeStart": "10.77.1.100", "rangeEnd": "10.77.1.110" } }""", "10.77.1.100/24")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "fd00:77:1::/64" }]] } }""", "fd00:77:1::2/64")]
    public void Without_isGateway_the_bridge_has_no_address_and_the_pod_no_default_route(string keys, string address)
    {
        using var node = new Node();
        using var pod = new Pod();

        var result = node.Add(pod, node.Config(keys));

        Assert.Equal(address, (string?)result["ips"]![0]!["address"]);
        Assert.DoesNotContain("global", node.Ip("addr", "show", "br0"), StringComparison.Ordinal);
        Assert.DoesNotContain("default", pod.Ip("route") + pod.Ip("-6", "route"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void Routes_of_the_configuration_are_made_with_their_metrics()
    {
        using var node = new Node();
        using var pod = new Pod();

        var result = node.Add(pod, node.Config("""
            { "isGateway": true, "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }]],
              "routes": [{ "dst": "10.96.0.0/12", "mtu": 1300, "advmss": 1260, "priority": 7 }, { "dst": "192.0.2.0/24", "gw": "10.77.1.9" }] } }
            """));

        var routes = JsonNode.Parse(pod.Ip("-j", "route"))!.AsArray();
        var service = routes.Single(route => (string?)route!["dst"] == "10.96.0.0/12")!;
        Assert.Equal(("10.77.1.1", 7), ((string?)service["gateway"], (int?)service["metric"]));
        Assert.Contains("\"mtu\":1300", service["metrics"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("\"advmss\":1260", service["metrics"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("10.77.1.9", (string?)routes.Single(route => (string?)route!["dst"] == "192.0.2.0/24")!["gateway"]);
        Assert.Equal("10.77.1.1", (string?)result["routes"]![0]!["gw"]);
    }

    [KernelFact]
    public void A_network_without_ipam_gets_a_link_and_no_address()
    {
        using var node = new Node();
        using var pod = new Pod();

        var config = node.Config("""{ "ipam": { "type": "" } }""");
        var result = node.Add(pod, config);

        Assert.Empty(result["ips"]!.AsArray());
        Assert.Contains("state UP", pod.Ip("link", "show", "eth0"), StringComparison.Ordinal);
        node.Del(pod, config);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Two_interfaces_of_one_pod_are_two_attachments()
    {
        using var node = new Node();
        using var pod = new Pod();

        Assert.Equal(0, node.Call("ADD", pod.ContainerId, pod.Path, node.DualStack, "eth0").ExitCode);
        Assert.Equal(0, node.Call("ADD", pod.ContainerId, pod.Path, node.Config("""
            { "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.78.0.0/24" }]] }, "name": "second" }
            """), "net1").ExitCode);

        Assert.Contains("10.78.0.2", pod.Ip("addr", "show", "net1"), StringComparison.Ordinal);
        Assert.Equal(0, node.Call("DEL", pod.ContainerId, pod.Path, node.DualStack, "eth0").ExitCode);
        Assert.Contains("10.78.0.2", pod.Ip("addr", "show", "net1"), StringComparison.Ordinal);
    }

    private static JsonObject Link(string json) => JsonNode.Parse(json)![0]!.AsObject();

    private static void AssertInterface(JsonObject kernel, JsonNode told)
    {
        Assert.Equal((string?)kernel["ifname"], (string?)told["name"]);
        Assert.Equal((string?)kernel["address"], (string?)told["mac"]);
        Assert.Equal((int?)kernel["mtu"], (int?)told["mtu"]);
    }
}
