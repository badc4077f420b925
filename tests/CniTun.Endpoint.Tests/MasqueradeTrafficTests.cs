using System.Net;
using CniTun.Endpoint.Firewall;

namespace CniTun.Endpoint.Tests;

public sealed class MasqueradeTrafficTests
{
    private static readonly bool[] Families = [false, true];

    [KernelFact]
    public void The_world_sees_the_nodes_address_from_Add_to_Remove_and_the_pods_before_and_after()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        AssertSeen(node, "10.77.1.2", "fd00:77:1::2");

        masquerade.Add(MasqueradeNode.PodAttachment, MasqueradeNode.PodAddresses);
        AssertSeen(node, "192.0.2.1", "2001:db8::1");

        masquerade.Remove(MasqueradeNode.PodAttachment, MasqueradeNode.PodAddresses);
        AssertSeen(node, "10.77.1.2", "fd00:77:1::2");
    }

    [KernelFact]
    public void Its_own_subnet_sees_the_pods_address_even_where_it_is_routed_by_the_node()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(MasqueradeNode.PodAttachment, MasqueradeNode.PodAddresses);
        node.RouteBetweenThePods();

        foreach (var isIPv6 in Families)
        {
            Assert.Equal(MasqueradeNode.PodAddresses[isIPv6 ? 1 : 0].Address.ToString(), node.SeenByTheOther(isIPv6).Address.ToString());
        }
    }

    [KernelFact]
    public void Another_subnet_on_the_node_sees_the_nodes_address()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        node.RouteBetweenThePods();

        // The pod's subnet is but itself: then the other pod is the world.
        masquerade.Add(MasqueradeNode.PodAttachment, [new(MasqueradeNode.PodAddresses[0].Address, 32), new(MasqueradeNode.PodAddresses[1].Address, 128)]);

        Assert.Equal("10.77.1.1", node.SeenByTheOther(isIPv6: false).Address.ToString());
        Assert.Equal("fd00:77:1::1", node.SeenByTheOther(isIPv6: true).Address.ToString());
    }

    [KernelFact]
    public void Marked_packets_keep_their_source()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(MasqueradeNode.PodAttachment, MasqueradeNode.PodAddresses);

        node.MarkWhatThePodSends(0x8000);
        AssertSeen(node, "192.0.2.1", "2001:db8::1");

        node.MarkWhatThePodSends(0xc000);
        AssertSeen(node, "10.77.1.2", "fd00:77:1::2");
    }

    [KernelFact]
    public void Source_ports_are_by_chance()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(MasqueradeNode.PodAttachment, MasqueradeNode.PodAddresses);

        foreach (var isIPv6 in Families)
        {
            var ports = Enumerable.Range(0, 8).Select(_ => node.SeenOutside(isIPv6, sourcePort: 5353).Port).ToList();

            Assert.True(ports.Distinct().Count() > 4, string.Join(' ', ports));
        }
    }

    [KernelFact]
    public void Another_pod_is_not_masqueraded_along()
    {
        using var node = new MasqueradeNode();
        using var firewall = node.Open();
        var masquerade = firewall.Masquerade;
        masquerade.Add(new("another", "eth0"), [CniTun.Addresses.Cidr.Parse("10.77.1.9/24"), CniTun.Addresses.Cidr.Parse("fd00:77:1::9/64")]);

        AssertSeen(node, "10.77.1.2", "fd00:77:1::2");
    }

    private static void AssertSeen(MasqueradeNode node, string address4, string address6)
    {
        Assert.Equal(IPAddress.Parse(address4), node.SeenOutside(isIPv6: false).Address);
        Assert.Equal(IPAddress.Parse(address6), node.SeenOutside(isIPv6: true).Address);
    }
}
