using CniTun.Addresses;
using CniTun.Agent.Desired;
using CniTun.Agent.Nodes;
using CniTun.Agent.Reconcilers;
using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

using static CniTun.Agent.Desired.PodRoutes;

namespace CniTun.Agent.Tests.Reconcilers;

/// <summary>The reconcilers against the real kernel, each in a namespace of its own, whose TUN nobody serves.</summary>
public sealed class KernelReconcilerTests
{
    private readonly RecordingLogger logger = new();

    [KernelFact]
    public void Routes_that_are_missing_are_added_and_those_no_longer_wanted_go_but_others_routes_stay()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        node.Ip("tuntap", "add", "tun0", "mode", "tun");
        node.Ip("link", "set", "tun0", "up");
        node.Ip("route", "add", "10.99.0.0/24", "dev", "tun0", "metric", "1024");
        var reconciler = new RouteReconciler(logger);
        var tun = netlink.Links.Find("tun0")!;

        Reconcile(Desired(Samples.B, Samples.C));
        var both = Routes(node);
        Reconcile(Desired(Samples.B, Samples.C));
        Assert.Equal(both, Routes(node));
        logger.Lines.Clear();

        Reconcile(Desired(Samples.C));
        Assert.DoesNotContain("10.77.2.0/24", Routes(node), StringComparison.Ordinal);
        Assert.DoesNotContain("fd00:77:2::/64", Routes(node), StringComparison.Ordinal);
        Assert.Contains("10.99.0.0/24 dev tun0", Routes(node), StringComparison.Ordinal);
        Assert.Equal(4, logger.Lines.Count);

        node.Ip("route", "del", "10.77.3.0/24", "dev", "tun0");
        node.Ip("-6", "route", "del", "unreachable", "fd00:77:3::/64", "metric", "1000000", "dev", "lo");
        Reconcile(Desired(Samples.B, Samples.C));
        Assert.Equal(both, Routes(node));

        void Reconcile(DesiredState desired)
        {
            reconciler.Reconcile(netlink, RTN_UNREACHABLE, PodRoutes.Guards(desired));
            reconciler.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(desired, tun.Index));
        }
    }

    [KernelFact]
    public void A_route_whose_mtu_is_another_is_changed_in_its_place()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        node.Ip("tuntap", "add", "tun0", "mode", "tun");
        node.Ip("link", "set", "tun0", "up");
        var reconciler = new RouteReconciler(logger);
        var tun = netlink.Links.Find("tun0")!.Index;
        var wide = Desired(Samples.B);
        reconciler.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(wide, tun));
        var before = Routes(node);
        logger.Lines.Clear();

        var narrow = wide with { RemoteMtuBytes = Samples.B.PodCidrs.ToDictionary(prefix => prefix, _ => 1372) };
        reconciler.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(narrow, tun));
        Assert.Matches("10.77.2.0/24 dev tun0 .*mtu 1372", node.Ip("route"));
        Assert.Matches("fd00:77:2::/64 dev tun0 .*mtu 1372", node.Ip("-6", "route"));
        Assert.Equal(
            [
                "Information: route through the tunnel to 10.77.2.0/24: MTU 1372, was 0 (0: that of the interface)",
                "Information: route through the tunnel to fd00:77:2::/64: MTU 1372, was 0 (0: that of the interface)",
            ],
            logger.Lines);

        reconciler.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(wide, tun));
        Assert.Equal(before, Routes(node));
    }

    [KernelFact]
    public void Without_the_tunnel_packets_to_pods_are_refused_instead_of_taking_the_default_route()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        node.Ip("link", "add", "way-out", "type", "bridge");
        node.Ip("link", "set", "way-out", "up");
        node.Ip("route", "add", "default", "dev", "way-out");
        node.Ip("-6", "route", "add", "default", "dev", "way-out");
        node.Ip("tuntap", "add", "tun0", "mode", "tun");
        node.Ip("link", "set", "tun0", "up");
        var reconciler = new RouteReconciler(logger);
        var desired = Desired(Samples.B);
        reconciler.Reconcile(netlink, RTN_UNREACHABLE, PodRoutes.Guards(desired));
        reconciler.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(desired, netlink.Links.Find("tun0")!.Index));
        Assert.Contains("dev tun0", node.Ip("route", "get", "10.77.2.5"), StringComparison.Ordinal);
        Assert.Contains("dev tun0", node.Ip("route", "get", "fd00:77:2::5"), StringComparison.Ordinal);

        node.Ip("link", "del", "tun0");

        Assert.Null(netlink.Routes.Lookup(IpAddress.Parse("10.77.2.5")));
        Assert.Null(netlink.Routes.Lookup(IpAddress.Parse("fd00:77:2::5")));
    }

    [KernelFact]
    public void Somebody_elses_route_in_our_place_is_named_and_left_alone()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "set", "br0", "up");
        node.Ip("route", "add", "10.77.2.0/24", "dev", "br0", "metric", "1024");

        var refusal = Assert.Throws<LinuxException>(() => new RouteReconciler(logger).Reconcile(
            netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(Desired(Samples.B), netlink.Links.Find("br0")!.Index)));

        Assert.Equal(Errno.EEXIST, refusal.Errno);
        Assert.Contains("10.77.2.0/24", refusal.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void The_tunnels_interface_gets_mtu_addresses_and_loose_filtering_and_keeps_them()
    {
        using var node = new TestNamespace();
        using var space = NetworkNamespace.Open(node.Path);
        using var netlink = space.OpenNetlink();
        node.Ip("tuntap", "add", "tun0", "mode", "tun");
        var reconciler = new TunnelLinkReconciler("tun0", logger);

        Reconcile();
        Assert.Equal(
            [
                "Information: set net/ipv4/conf/tun0/rp_filter = 2",
                "Information: set net/ipv6/conf/tun0/addr_gen_mode = 1",
                "Information: tun0: MTU 1472, was 1500",
                "Information: tun0: up",
                "Information: tun0: added address 10.77.1.0/32",
                "Information: tun0: added address fd00:77:1::/128",
            ],
            logger.Lines);
        logger.Lines.Clear();
        Reconcile();
        Assert.Empty(logger.Lines);

        // What an operator or another daemon may do to it.
        node.Ip("link", "set", "tun0", "down");
        node.Ip("address", "add", "10.88.0.1/24", "dev", "tun0");
        node.Ip("link", "set", "tun0", "mtu", "1300");
        Reconcile();
        Assert.Equal(["tun0"], netlink.Links.List().Where(link => link is { IsUp: true, MtuBytes: 1472 }).Select(link => link.Name));
        Assert.Equal(
            ["10.77.1.0/32", "fd00:77:1::/128"],
            netlink.Addresses.List(netlink.Links.Find("tun0")!).Select(address => address.Address.ToString()).Order(StringComparer.Ordinal));

        void Reconcile() => space.Run(() => reconciler.Reconcile(netlink, Desired(Samples.B)));
    }

    [KernelFact]
    public void An_interface_that_is_not_there_is_named()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);

        var refusal = Assert.Throws<OperatorException>(() => new TunnelLinkReconciler("tun0", logger).Reconcile(netlink, Desired(Samples.B)));

        Assert.Equal("interface tun0 is not there: the tunnel makes it", refusal.Message);
    }

    [KernelFact]
    public void Switching_forwarding_on_keeps_router_advertisements_where_they_were_heeded_but_not_from_pods()
    {
        using var node = new TestNamespace();
        using var space = NetworkNamespace.Open(node.Path);
        using var netlink = space.OpenNetlink();
        node.Ip("link", "add", "heeds", "type", "bridge");
        node.Ip("link", "add", "ignores", "type", "bridge");
        node.Ip("link", "add", "pods", "type", "bridge");
        space.Run(() => Sysctl.TryWrite("net/ipv6/conf/ignores/accept_ra", "0"));

        space.Run(() =>
        {
            new ForwardingReconciler("tun0", "pods", logger).Reconcile(netlink, Samples.A.PodCidrs);
            return true;
        });

        Assert.Equal(
            ["1", "1", "2", "0", "1"],
            space.Run<string[]>(() =>
            [
                Read("net/ipv4/ip_forward"),
                Read("net/ipv6/conf/all/forwarding"),
                Read("net/ipv6/conf/heeds/accept_ra"),
                Read("net/ipv6/conf/ignores/accept_ra"),
                Read("net/ipv6/conf/pods/accept_ra"),
            ]));
    }

    [KernelFact]
    public void Who_switched_forwarding_on_before_us_knows_about_advertisements()
    {
        using var node = new TestNamespace();
        using var space = NetworkNamespace.Open(node.Path);
        using var netlink = space.OpenNetlink();
        node.Ip("link", "add", "br0", "type", "bridge");
        space.Run(() => Sysctl.TryWrite("net/ipv6/conf/all/forwarding", "1"));

        var acceptsAdvertisements = space.Run(() =>
        {
            new ForwardingReconciler("tun0", "pods", logger).Reconcile(netlink, Samples.A.PodCidrs);
            return Read("net/ipv6/conf/br0/accept_ra");
        });

        Assert.Equal("1", acceptsAdvertisements);
    }

    [KernelFact]
    public void A_family_that_pods_do_not_have_is_not_forwarded()
    {
        using var node = new TestNamespace();
        using var space = NetworkNamespace.Open(node.Path);
        using var netlink = space.OpenNetlink();

        var forwarding = space.Run(() =>
        {
            new ForwardingReconciler("tun0", "pods", logger).Reconcile(netlink, [Cidr.Parse("10.77.1.0/24")]);
            return (Read("net/ipv4/ip_forward"), Read("net/ipv6/conf/all/forwarding"));
        });

        Assert.Equal(("1", "0"), forwarding);
    }

    [KernelFact]
    public void The_underlay_is_read_from_routes_and_links()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        node.Ip("link", "add", "cable", "mtu", "1400", "type", "bridge");
        node.Ip("address", "add", "192.0.2.1/24", "dev", "cable");
        node.Ip("link", "set", "cable", "up");
        var narrow = Samples.Node("d", 4, "198.51.100.4:6080");
        node.Ip("route", "add", "198.51.100.0/24", "via", "192.0.2.254", "mtu", "1300");

        var without = Underlay.Read(netlink, [Samples.B, Samples.C, narrow]);
        node.Ip("route", "add", "default", "via", "192.0.2.254");
        var with = Underlay.Read(netlink, []);

        Assert.Equal(1400, without.PathMtuBytes[IpAddress.Parse("192.0.2.2")]);
        Assert.Equal(1300, without.PathMtuBytes[IpAddress.Parse("198.51.100.4")]);
        Assert.Equal(2, without.PathMtuBytes.Count);
        Assert.Equal(without.PathMtuBytes, without.LinkMtuBytes);
        Assert.Null(without.DefaultMtuBytes);
        Assert.Equal(1400, with.DefaultMtuBytes);
    }

    [KernelFact]
    public void A_path_mtu_that_the_kernel_learnt_is_told_from_what_was_configured()
    {
        using var node = new TestNamespace();
        using var router = new TestNamespace("router");
        using var netlink = Open(node);
        node.Ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", router.Name);
        node.Ip("address", "add", "192.0.2.1/24", "dev", "cable");
        node.Ip("link", "set", "cable", "up");
        node.Ip("route", "add", "198.51.100.0/24", "via", "192.0.2.254");
        router.Ip("address", "add", "192.0.2.254/24", "dev", "cable");
        router.Ip("link", "set", "cable", "up");
        router.Ip("link", "add", "narrow", "mtu", "1300", "type", "bridge");
        router.Ip("address", "add", "198.51.100.1/24", "dev", "narrow");
        router.Ip("link", "set", "narrow", "up");
        router.Run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        var behind = Samples.Node("d", 4, "198.51.100.4:6080");
        Eventually.True(
            () => node.Try("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1400", "198.51.100.4").Output.Contains("mtu = 1300", StringComparison.Ordinal),
            "the router tells of its MTU");

        var underlay = Underlay.Read(netlink, [behind]);

        Assert.Equal(1300, underlay.PathMtuBytes[IpAddress.Parse("198.51.100.4")]);
        Assert.Equal(1500, underlay.LinkMtuBytes[IpAddress.Parse("198.51.100.4")]);
    }

    [KernelFact]
    public void Interfaces_of_any_name_that_the_kernel_takes_are_set_up_as_others_are()
    {
        using var node = new TestNamespace();
        using var space = NetworkNamespace.Open(node.Path);
        using var netlink = space.OpenNetlink();
        string[] foreign = ["a..b", "..c", "d..", "...", "e.1", "g@h", "\u00fcber", "15-bytes-long--", "-j"];
        foreach (var name in foreign)
        {
            node.Ip("link", "add", "name", "new", "type", "bridge");
            node.Ip("link", "set", "dev", "new", "name", name);
        }

        node.Ip("tuntap", "add", "tun..0", "mode", "tun");
        space.Run(() =>
        {
            new ForwardingReconciler("tun..0", "pods", logger).Reconcile(netlink, Samples.A.PodCidrs);
            return new TunnelLinkReconciler("tun..0", logger).Reconcile(netlink, Desired(Samples.B));
        });

        Assert.All(
            foreign,
            name => Assert.Equal("2", space.Run(() => Read($"net/ipv6/conf/{name}/accept_ra"))));
        Assert.Equal("2", space.Run(() => Read("net/ipv4/conf/tun..0/rp_filter")));
    }

    private static RouteNetlink Open(TestNamespace node)
    {
        using var space = NetworkNamespace.Open(node.Path);
        return space.OpenNetlink();
    }

    private static string Read(string name) => Sysctl.TryRead(name) ?? "missing";

    private static string Routes(TestNamespace node) => node.Ip("route") + node.Ip("-6", "route", "show", "proto", "199");

    private static DesiredState Desired(params Node[] remotes)
    {
        var mtus = remotes.SelectMany(node => node.Endpoints).ToDictionary(endpoint => endpoint.Address, _ => 1500);
        return DesiredState.Compute(
            Samples.Settings, Samples.Secret, new Membership(Samples.A, remotes), new Underlay(mtus, mtus, null), MeasuredPaths.None) with { MtuBytes = 1472 };
    }
}
