using System.Text;
using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Tests;

public sealed class VlanTests
{
    private const string Gateway = "br0.100";

    /// <summary>Where the kernel filters VLANs the port carries them; where it does not, ADD says so and leaves nothing.</summary>
    [KernelTheory]
    [InlineData("""{ "vlan": 100 }""", "100")]
    [InlineData("""{ "vlanTrunk": [{ "id": 7 }, { "minID": 200, "maxID": 202 }] }""", "201")]
    [InlineData("""{ "vlan": 100, "preserveDefaultVlan": false }""", "100")]
    [InlineData("""{ "vlan": 100, "isDefaultGateway": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""", "100")]
    public void A_port_carries_its_vlans_or_the_kernels_lack_is_named(string keys, string vlan)
    {
        using var node = new Node();
        using var pod = new Pod();

        var answer = node.Call("ADD", pod.ContainerId, pod.Path, node.Config(keys));

        if (answer.ExitCode == 0)
        {
            Assert.Contains(vlan, node.Try("bridge", "vlan", "show").Output, StringComparison.Ordinal);
            if (keys.Contains("isDefaultGateway", StringComparison.Ordinal))
            {
                pod.Ping("10.77.1.1");
                Assert.Contains("10.77.1.1", node.Ip("addr", "show", Gateway), StringComparison.Ordinal);
                Assert.Contains(Gateway, Encoding.UTF8.GetString(answer.Output.Span), StringComparison.Ordinal);
            }

            node.Del(pod, node.Config(keys));
            node.Try("ip", "link", "del", Gateway);
        }
        else
        {
            Assert.Contains("CONFIG_BRIDGE_VLAN_FILTERING", Node.Text(answer), StringComparison.Ordinal);
        }

        node.AssertNothingLeft();
    }

    [KernelFact]
    public void A_gateway_that_cannot_be_put_into_its_vlan_is_not_left_behind()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");

        var refused = Record.Exception(() => Ensure(node));

        if (refused is not null)
        {
            Assert.Equal(CniErrorCode.KernelRefused, Assert.IsType<CniException>(refused).Code);
            Assert.Empty(node.Endpoints());
        }
    }

    [KernelFact]
    public void A_gateway_that_is_up_is_taken_as_it_is()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");
        MakePair(node, "other0");
        node.Ip("link", "set", "other0", "master", "br0");
        node.Ip("link", "set", Gateway, "up");

        Assert.Equal(Gateway, Ensure(node).Name);

        Assert.Contains("master br0", node.Ip("link", "show", "other0"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void A_gateway_whose_bridge_was_removed_is_made_anew()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");
        MakePair(node, EndpointNames.GatewayPort(Gateway));
        node.Ip("link", "set", Gateway, "up");

        // Made anew, or refused and gone: what hung on no bridge does not stay.
        _ = Record.Exception(() => Ensure(node));

        Assert.DoesNotContain(node.Endpoints(), name => name == Gateway && !node.Ip("link", "show", EndpointNames.GatewayPort(Gateway)).Contains("master br0", StringComparison.Ordinal));
    }

    [KernelFact]
    public void What_has_the_gateways_name_and_is_none_is_an_error_that_names_it()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "add", Gateway, "type", "bridge");

        var refused = Assert.Throws<CniException>(() => Ensure(node));

        Assert.Contains(Gateway, refused.Message, StringComparison.Ordinal);
        Assert.Equal(CniErrorCode.InvalidNetworkConfig, refused.Code);
    }

    private static void MakePair(Node node, string port) => node.Ip("link", "add", port, "type", "veth", "peer", "name", Gateway);

    private static Link Ensure(Node node)
    {
        using var inside = NetworkNamespace.Open(node.Path);
        using var netlink = inside.OpenNetlink();
        var configuration = ConfigurationReader.Read(Encoding.UTF8.GetBytes(node.Config("""{ "vlan": 100, "isGateway": true }""").ToJsonString()));
        var settings = new NetworkSettings
        {
            Name = "pods",
            Bridge = "br0",
            DataDirectory = node.DataDirectory,
            Vlans = PortVlans.Read(configuration),
        };
        return inside.Run(() => new VlanGateway(netlink, settings, Gateway).Ensure(netlink.Links.Find("br0")!));
    }
}
