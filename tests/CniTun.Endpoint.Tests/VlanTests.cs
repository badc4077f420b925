using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Tests;

/// <summary>What does not depend on whether the running kernel filters VLANs; the rest is in <see cref="VlanKernelTests"/>.</summary>
public sealed class VlanTests
{
    private const string Gateway = "br0.100";

    private static readonly NetworkSettings Vlan100 = new()
    {
        Name = "pods",
        Bridge = "br0",
        DataDirectory = "/nowhere",
        Vlans = PortVlans.Read(ConfigurationReader.Read("""{ "name": "pods", "vlan": 100, "preserveDefaultVlan": false, "isGateway": true }"""u8)),
    };

    [KernelFact]
    public void A_kernel_that_refuses_vlans_is_named_with_what_it_lacks()
    {
        using var node = new Node();
        MakePair(node, "other0");

        var refused = Assert.Throws<CniException>(() => InNode(node, netlink => VlanPort.Apply(netlink, netlink.Links.Find("other0")!, Vlan100.Vlans!)));

        AssertNamed(refused);
    }

    [KernelFact]
    public void A_gateway_that_cannot_be_put_into_its_vlan_is_not_left_behind()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");
        MakePair(node, "other0");

        AssertNamed(Assert.Throws<CniException>(() => Ensure(node)));

        Assert.Empty(node.Endpoints());
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
    public void What_has_the_gateways_name_and_is_none_is_an_error_that_names_it()
    {
        using var node = new Node();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "add", Gateway, "type", "bridge");

        var refused = Assert.Throws<CniException>(() => Ensure(node));

        Assert.Contains(Gateway, refused.Message, StringComparison.Ordinal);
        Assert.Equal(CniErrorCode.InvalidNetworkConfig, refused.Code);
    }

    /// <summary>The other end is no port of a bridge, and so is refused any VLAN with EOPNOTSUPP, as by a kernel that has none.</summary>
    private static void MakePair(Node node, string port) => node.Ip("link", "add", port, "type", "veth", "peer", "name", Gateway);

    private static void AssertNamed(CniException refused)
    {
        Assert.Equal(CniErrorCode.KernelRefused, refused.Code);
        Assert.Contains("CONFIG_BRIDGE_VLAN_FILTERING", refused.Details, StringComparison.Ordinal);
    }

    private static Link Ensure(Node node)
    {
        Link? gateway = null;
        InNode(node, netlink => gateway = new VlanGateway(netlink, Vlan100, Gateway).Ensure(netlink.Links.Find("br0")!));
        return gateway!;
    }

    private static void InNode(Node node, Action<RouteNetlink> action)
    {
        using var inside = NetworkNamespace.Open(node.Path);
        using var netlink = inside.OpenNetlink();
        inside.Run(() =>
        {
            action(netlink);
            return true;
        });
    }
}
