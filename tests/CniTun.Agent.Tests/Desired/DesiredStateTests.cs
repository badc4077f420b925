using CniTun.Addresses;
using CniTun.Agent.Desired;
using CniTun.Agent.Nodes;
using CniTun.Linux.Netlink;
using CniTun.Uapi;

namespace CniTun.Agent.Tests.Desired;

public sealed class DesiredStateTests
{
    private static readonly Membership ThreeNodes = new(Samples.A, [Samples.B, Samples.C]);

    [Fact]
    public void Every_remote_node_is_a_peer_that_may_send_from_its_pod_networks()
    {
        var desired = Compute(ThreeNodes, ("192.0.2.2", 1500), ("2001:db8::3", 1500));

        Assert.Equal(Samples.Secret, desired.Tunnel.PrivateKey);
        Assert.Equal(6080, desired.Tunnel.ListenPort);
        Assert.Equal([Samples.B.PublicKey, Samples.C.PublicKey], desired.Tunnel.Peers.Select(peer => peer.PublicKey));
        Assert.Equal(Samples.C.Endpoints[0], desired.Tunnel.Peers[1].Endpoint);
        Assert.Equal(Samples.C.PodCidrs, desired.Tunnel.Peers[1].AllowedIps);
        Assert.Equal([.. Samples.B.PodCidrs, .. Samples.C.PodCidrs], desired.RemotePodCidrs);
        Assert.Equal([Cidr.Parse("10.77.1.0/32"), Cidr.Parse("fd00:77:1::/128")], desired.TunnelAddresses);
        Assert.Empty(desired.Warnings);
    }

    [Fact]
    public void The_first_endpoint_that_a_route_leads_to_is_taken()
    {
        var dual = Samples.B with { Endpoints = [IpEndpoint.Parse("[2001:db8::2]:6080"), IpEndpoint.Parse("192.0.2.2:6080")] };

        var desired = Compute(new Membership(Samples.A, [dual]), ("192.0.2.2", 1500));

        Assert.Equal(IpEndpoint.Parse("192.0.2.2:6080"), desired.Tunnel.Peers[0].Endpoint);
        Assert.Empty(desired.Warnings);
    }

    [Fact]
    public void A_peer_that_no_route_leads_to_is_warned_of_and_keeps_its_networks()
    {
        var desired = Compute(ThreeNodes, ("192.0.2.2", 1500));

        Assert.Null(desired.Tunnel.Peers[1].Endpoint);
        Assert.Equal(Samples.C.PodCidrs, desired.Tunnel.Peers[1].AllowedIps);
        Assert.Equal(["no route leads to node 'c' at [2001:db8::3]:6080: its pods cannot be reached"], desired.Warnings);
    }

    [Theory]
    [InlineData(1500, 1500, 1472)]
    [InlineData(1400, 1500, 1452)]
    [InlineData(1400, 1410, 1372)]
    [InlineData(65536, 65600, 65507)]
    public void Interface_and_pods_take_what_the_widest_route_lets_out(int ipv4Path, int ipv6Path, int mtu)
    {
        var desired = Compute(ThreeNodes, ("192.0.2.2", ipv4Path), ("2001:db8::3", ipv6Path));
        Assert.Equal(mtu, desired.MtuBytes);
        Assert.Contains($"\"mtu\": {mtu},", desired.CniConfig, StringComparison.Ordinal);
        Assert.All(PodRoutes.ThroughTunnel(desired, 5), route => Assert.Equal(
            route.Destination.ToString().Contains("77.2", StringComparison.Ordinal) || route.Destination.ToString().Contains("77:2", StringComparison.Ordinal)
                ? Less(Math.Min(65_507, ipv4Path - 28), mtu)
                : Less(Math.Min(65_507, ipv6Path - 48), mtu),
            route.MtuBytes));

        static uint Less(int path, int most) => path < most ? (uint)path : 0;
    }

    [Theory]
    [InlineData(1400, "complete", 1372, 1372)]
    [InlineData(1400, "searching", 1372, 1372)]
    [InlineData(1400, "unanswered", 1372, 1372)]
    [InlineData(1500, "complete", 0, 0)]
    [InlineData(1000, "complete", 972, 1280)]
    public void A_path_that_carries_less_than_its_route_says_has_it_on_its_pods_routes_and_pods_keep_the_interfaces_mtu(
        int measured, string state, uint ipv4Mtu, uint ipv6Mtu)
    {
        var desired = Compute(MeasuredPaths.From(Measured(Samples.B.Endpoints[0], measured, state)), ThreeNodes, ("192.0.2.2", 1500), ("2001:db8::3", 1500));
        Assert.Equal(1472, desired.MtuBytes);
        Assert.Equal([ipv4Mtu, ipv6Mtu, 1452u, 1452u], PodRoutes.ThroughTunnel(desired, 5).Select(route => route.MtuBytes));
        Assert.Contains("\"mtu\": 1472,", desired.CniConfig, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_kernel_learnt_of_every_path_changes_neither_interface_nor_pods()
    {
        var learnt = new Dictionary<IpAddress, int> { [IpAddress.Parse("192.0.2.2")] = 1400 };
        var links = new Dictionary<IpAddress, int> { [IpAddress.Parse("192.0.2.2")] = 1500 };
        var desired = DesiredState.Compute(
            Samples.Settings, Samples.Secret, new Membership(Samples.A, [Samples.B]), new Underlay(learnt, links, null), MeasuredPaths.None);

        Assert.Equal(1472, desired.MtuBytes);
        Assert.Contains("\"mtu\": 1472,", desired.CniConfig, StringComparison.Ordinal);
        Assert.All(PodRoutes.ThroughTunnel(desired, 5), route => Assert.Equal(1372u, route.MtuBytes));
    }

    [Fact]
    public void What_was_measured_to_another_endpoint_of_the_peer_does_not_count()
    {
        var desired = Compute(
            MeasuredPaths.From(Measured(IpEndpoint.Parse("192.0.2.99:6080"), 1300, "complete")), ThreeNodes, ("192.0.2.2", 1500), ("2001:db8::3", 1500));
        Assert.Equal(0u, PodRoutes.ThroughTunnel(desired, 5).First().MtuBytes);
    }

    [Fact]
    public void A_path_that_was_shown_to_carry_more_than_its_route_says_is_believed()
    {
        // As after an ICMP message that somebody forged.
        var desired = Compute(MeasuredPaths.From(Measured(Samples.B.Endpoints[0], 1500, "complete")), ThreeNodes, ("192.0.2.2", 600), ("2001:db8::3", 1520));
        Assert.Equal([0u, 0u, 0u, 0u], PodRoutes.ThroughTunnel(desired, 5).Select(route => route.MtuBytes));
    }

    [Theory]
    [InlineData(null, 1472)]
    [InlineData(9000, 8972)]
    public void Without_peers_the_mtu_follows_the_default_route(int? defaultMtu, int expected)
    {
        var underlay = Known() with { DefaultMtuBytes = defaultMtu };
        Assert.Equal(expected, DesiredState.Compute(Samples.Settings, Samples.Secret, new Membership(Samples.A, []), underlay, MeasuredPaths.None).MtuBytes);
    }

    [Fact]
    public void An_mtu_that_was_set_wins_and_one_too_small_for_IPv6_is_warned_of()
    {
        var underlay = Known();
        var desired = DesiredState.Compute(Samples.Settings with { MtuBytes = 1200 }, Samples.Secret, new Membership(Samples.A, []), underlay, MeasuredPaths.None);

        Assert.Equal(1200, desired.MtuBytes);
        Assert.Equal(["an MTU of 1200 is too small for IPv6, which needs 1280"], desired.Warnings);
    }

    [Fact]
    public void A_port_that_the_other_nodes_do_not_know_of_is_warned_of()
    {
        var underlay = Known();
        var desired = DesiredState.Compute(Samples.Settings with { ListenPort = 7000 }, Samples.Secret, new Membership(Samples.A, []), underlay, MeasuredPaths.None);

        Assert.Equal(["the other nodes send to 192.0.2.1:6080, but this node's tunnel listens on port 7000"], desired.Warnings);
    }

    [Fact]
    public void All_pod_networks_are_guarded_and_the_remote_ones_lead_into_the_tunnel()
    {
        var desired = Compute(ThreeNodes, ("192.0.2.2", 1500), ("2001:db8::3", 1500));

        Assert.Equal(
            ["10.77.1.0/24", "fd00:77:1::/64", "10.77.2.0/24", "fd00:77:2::/64", "10.77.3.0/24", "fd00:77:3::/64"],
            PodRoutes.Guards(desired).Select(route => route.Destination.ToString()));
        Assert.All(PodRoutes.Guards(desired), route => Assert.Equal((7, 1_000_000u, 199), (route.Type, route.Priority, route.Protocol)));
        Assert.Equal(
            ["10.77.2.0/24", "fd00:77:2::/64", "10.77.3.0/24", "fd00:77:3::/64"],
            PodRoutes.ThroughTunnel(desired, 5).Select(route => route.Destination.ToString()));
        Assert.All(PodRoutes.ThroughTunnel(desired, 5), route => Assert.Equal((5, 1024u, 199), (route.InterfaceIndex, route.Priority, route.Protocol)));
    }

    [Fact]
    public void The_route_numbers_are_those_of_the_kernel_headers() =>
        new StaticAsserts("linux/rtnetlink.h")
            .Constant("RT_TABLE_MAIN", PodRoutes.RT_TABLE_MAIN)
            .Constant("RTN_UNICAST", PodRoutes.RTN_UNICAST)
            .Constant("RTN_UNREACHABLE", PodRoutes.RTN_UNREACHABLE)
            .Verify();

    private static DeviceState Measured(IpEndpoint endpoint, int mtuBytes, string state) => new()
    {
        Peers = [new PeerState { PublicKey = Samples.B.PublicKey, Endpoint = endpoint, PathMtuBytes = mtuBytes, PathState = state }],
    };

    private static DesiredState Compute(Membership nodes, params (string Address, int MtuBytes)[] paths) =>
        Compute(MeasuredPaths.None, nodes, paths);

    private static DesiredState Compute(MeasuredPaths measured, Membership nodes, params (string Address, int MtuBytes)[] paths) =>
        DesiredState.Compute(
            Samples.Settings,
            Samples.Secret,
            nodes,
            Known(paths),
            measured);

    private static Underlay Known(params (string Address, int MtuBytes)[] paths)
    {
        var mtus = paths.ToDictionary(path => IpAddress.Parse(path.Address), path => path.MtuBytes);
        return new Underlay(mtus, mtus, null);
    }
}
