using System.Text.Json;

namespace CniTun.Endpoint.Tests;

/// <summary>A bridge that an administrator made is used as it is: its MAC and its addresses are his.</summary>
public sealed class ForeignBridgeTests
{
    private const string Gateway = """{ "isGateway": true, "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "fd00:77:1::/64" }]] } }""";

    [KernelTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_MAC_is_the_one_of_the_result_and_stays_when_ports_come_and_go(bool up)
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "set", "br0", up ? "up" : "down");
        var mac = Mac(node);

        var result = node.Add(first, node.DualStack);
        Assert.Equal(mac, (string?)result["interfaces"]![0]!["mac"]);
        node.Add(second, node.DualStack);
        second.Ping("10.77.1.1");
        node.Ip("link", "add", "lowest", "address", "02:00:00:00:00:01", "type", "veth", "peer", "name", "far");
        node.Ip("link", "set", "lowest", "master", "br0");
        Assert.Equal(mac, Mac(node));
        node.Del(first, node.DualStack);

        Assert.Equal(mac, Mac(node));
        second.Ping("10.77.1.1");
        second.Ping("fd00:77:1::1");
    }

    /// <summary>To set a MAC makes the host forget its neighbours there.</summary>
    [KernelFact]
    public void Its_MAC_is_set_once()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var second = new Pod();
        node.Ip("link", "add", "br0", "type", "bridge");
        Assert.Equal(0, PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, node.DualStack).ExitCode);
        node.Ip("neigh", "add", "10.77.1.99", "lladdr", "02:00:00:00:00:99", "dev", "br0", "nud", "reachable");

        Assert.Equal(0, PluginProcess.Run(node, "ADD", second.ContainerId, second.Path, node.DualStack).ExitCode);

        Assert.Contains("02:00:00:00:00:99", node.Ip("neigh", "show", "dev", "br0"), StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("192.168.9.1/24")]
    [InlineData("10.77.1.9/24")]
    [InlineData("10.77.1.1/16")]
    [InlineData("fd00:77:1::9/64")]
    [InlineData("fd00:77::1/32")]
    public void Another_address_on_it_is_an_error_that_leaves_nothing(string address)
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "set", "br0", "up");
        node.Ip("addr", "add", address, "dev", "br0", "nodad");

        var error = node.Fail("ADD", pod, node.Config(Gateway));

        Assert.Equal(7, (int)error["code"]!);
        Assert.Contains("br0 already has an IP address different from ", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Contains(address, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Contains("forceAddress", (string?)error["details"], StringComparison.Ordinal);
        node.AssertNothingLeft();
        Assert.Contains(address, node.Ip("addr", "show", "br0"), StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("10.77.1.1/24")]
    [InlineData("fd00:99::1/64")]
    [InlineData("fe80::77/64")]
    public void An_address_that_is_ours_or_in_nobodys_way_stays(string address)
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "set", "br0", "up");
        node.Ip("addr", "add", address, "dev", "br0", "nodad");

        node.Add(pod, node.Config(Gateway));

        pod.Ping("10.77.1.1");
        Assert.Contains(address, node.Ip("addr", "show", "br0"), StringComparison.Ordinal);
    }

    private static string? Mac(Node node) =>
        JsonDocument.Parse(node.Ip("-j", "link", "show", "br0")).RootElement[0].GetProperty("address").GetString();
}
