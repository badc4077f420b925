using CniTun.Addresses;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests.Netlink;

public sealed class RouteNetlinkTests
{
    private static readonly MacAddress BridgeMac = new(0x0a58_0000_0001);
    private static readonly MacAddress NearMac = new(0x0a58_0000_0002);
    private static readonly MacAddress FarMac = new(0x0a58_0000_0003);

    [KernelTheory]
    [InlineData(1400)]
    [InlineData(1500)]
    public void A_bridge_keeps_the_mac_and_mtu_that_it_was_made_with(int mtuBytes)
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);

        netlink.Links.CreateBridge("br0", BridgeMac, mtuBytes);
        node.Ip("link", "add", "port0", "address", "02:00:00:00:00:01", "mtu", "1300", "type", "veth", "peer", "port1");
        node.Ip("link", "set", "port0", "master", "br0", "up");

        var bridge = netlink.Links.Find("br0")!;
        Assert.Equal(BridgeMac, bridge.Mac);
        Assert.Equal(mtuBytes, bridge.MtuBytes);
        Assert.Equal("bridge", bridge.Kind);
        Assert.False(bridge.IsUp);
        netlink.Links.SetUp(bridge);
        Assert.True(netlink.Links.Find(bridge.Index)!.IsUp);
    }

    [KernelFact]
    public void A_veth_pair_is_in_place_at_both_ends_after_one_request()
    {
        using var node = new TestNamespace("node");
        using var pod = new TestNamespace("pod");
        using var netlink = Open(node);
        using var podNamespace = NetworkNamespace.Open(pod.Path);
        using var podNetlink = podNamespace.OpenNetlink();
        netlink.Links.CreateBridge("br0", BridgeMac, 1400);
        var bridge = netlink.Links.Find("br0")!;

        netlink.Links.CreateVeth(Pair(podNamespace, bridge));

        var near = netlink.Links.Find("near")!;
        var far = podNetlink.Links.Find("eth0")!;
        Assert.Equal((NearMac, 1400, bridge.Index, "veth"), (near.Mac, near.MtuBytes, near.MasterIndex, near.Kind));
        Assert.Equal((FarMac, 1400, "veth"), (far.Mac, far.MtuBytes, far.Kind));
        Assert.Equal((far.Index, near.Index), (near.PeerIndex, far.PeerIndex));

        netlink.Links.ConfigureBridgePort(near, "owner", new BridgePort(Hairpin: true, Isolated: true));
        near = netlink.Links.Find("near")!;
        Assert.Equal(new BridgePort(Hairpin: true, Isolated: true), near.BridgePort);
        Assert.Equal("owner", near.Alias);
        Assert.True(near.IsUp);

        Assert.True(netlink.Links.Delete("near"));
        Assert.False(netlink.Links.Delete("near"));
        Assert.Null(podNetlink.Links.Find("eth0"));
    }

    [KernelFact]
    public void The_kernels_own_words_stand_in_the_error()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var link = UpBridge(netlink);

        var refused = Assert.Throws<LinuxException>(() => netlink.Links.SetMtu(link.Name, 10));

        Assert.Equal(Errno.EINVAL, refused.Errno);
        Assert.NotNull(refused.KernelMessage);
        Assert.Contains("RTM_NEWLINK br0", refused.Message, StringComparison.Ordinal);
        Assert.Contains(refused.KernelMessage, refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void What_is_not_there_is_null_and_not_an_error()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);

        Assert.Null(netlink.Links.Find("nothing"));
        Assert.Null(netlink.Links.Find(4711));
        Assert.Null(netlink.Routes.Lookup(IpAddress.Parse("192.0.2.1")));
        Assert.False(netlink.Addresses.Delete(netlink.Links.Find("lo")!, Cidr.Parse("192.0.2.1/32")));
        Assert.False(netlink.Routes.Delete(new Route { Destination = Cidr.Parse("192.0.2.0/24"), InterfaceIndex = 1 }));
        Assert.False(netlink.Neighbours.Delete(netlink.Links.Find("lo")!, IpAddress.Parse("192.0.2.1")));
    }

    [KernelTheory]
    [InlineData("10.1.2.3/24")]
    [InlineData("10.1.2.3/32")]
    [InlineData("10.1.2.2/31")]
    [InlineData("fd00:1::3/64")]
    [InlineData("fd00:1::3/128")]
    public void An_address_can_be_used_at_once(string text)
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var link = UpBridge(netlink);
        var address = Cidr.Parse(text);

        netlink.Addresses.Add(link, address);

        var added = Assert.Single(netlink.Addresses.List(link), found => found.Address == address);
        Assert.False(added.IsTentative);
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => netlink.Addresses.Add(link, address)).Errno);
        Assert.True(netlink.Addresses.Delete(link, address));
        Assert.DoesNotContain(netlink.Addresses.List(link), found => found.Address == address);
    }

    [KernelTheory]
    [InlineData("10.1.0.1/24", "10.9.0.0/16", "10.1.0.7")]
    [InlineData("10.1.0.1/24", "0.0.0.0/0", "10.1.0.7")]
    [InlineData("fd00:1::1/64", "fd00:9::/32", "fd00:1::7")]
    [InlineData("fd00:1::1/64", "::/0", "fd00:1::7")]
    public void A_route_reads_back_as_it_was_made(string address, string destination, string gateway)
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var link = UpBridge(netlink);
        netlink.Addresses.Add(link, Cidr.Parse(address));
        var route = new Route
        {
            Destination = Cidr.Parse(destination).Network,
            Gateway = IpAddress.Parse(gateway),
            InterfaceIndex = link.Index,
            Priority = 77,
            MtuBytes = 1300,
            AdvertisedMssBytes = 1240,
            Protocol = 199,
            Scope = 0,
        };

        netlink.Routes.Add(route);

        Assert.Contains(route, netlink.Routes.List());
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => netlink.Routes.Add(route)).Errno);
        netlink.Routes.Replace(route with { MtuBytes = 1200 });
        Assert.Contains(route with { MtuBytes = 1200 }, netlink.Routes.List());
        var found = netlink.Routes.Lookup(route.Destination.First.Add(9))!;
        Assert.Equal((link.Index, route.Gateway), (found.InterfaceIndex, found.Gateway));
        Assert.True(netlink.Routes.Delete(route));
        Assert.DoesNotContain(netlink.Routes.List(), left => left.Protocol == 199);
    }

    [KernelFact]
    public void An_unreachable_route_says_that_nothing_leads_there()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        UpBridge(netlink);

        netlink.Routes.Add(new Route { Destination = Cidr.Parse("10.9.0.0/16"), Type = RtNetlinkConstants.RTN_UNREACHABLE });

        Assert.Null(netlink.Routes.Lookup(IpAddress.Parse("10.9.1.1")));
    }

    [KernelTheory]
    [InlineData("10.1.0.2")]
    [InlineData("fd00::2")]
    public void A_neighbour_is_found_and_removed(string text)
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        var link = UpBridge(netlink);
        var address = IpAddress.Parse(text);
        Assert.Null(netlink.Neighbours.Find(link, address));
        node.Ip("neigh", "add", text, "lladdr", FarMac.ToString(), "dev", link.Name);

        Assert.Equal(new Neighbour(link.Index, address, FarMac), netlink.Neighbours.Find(link, address));
        Assert.True(netlink.Neighbours.Delete(link, address));
        Assert.Null(netlink.Neighbours.Find(link, address));
    }

    [KernelFact]
    public void A_dump_is_whole_though_links_come_and_go_meanwhile()
    {
        using var node = new TestNamespace();
        using var netlink = Open(node);
        using var other = Open(node);
        for (var i = 0; i < 200; i++)
        {
            netlink.Links.CreateBridge($"stays{i}", new MacAddress((ulong)(0x0a58_0000_0000 + i)), 1500);
        }

        using var stop = new CancellationTokenSource();
        var churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                other.Links.CreateBridge("comes", BridgeMac, 1500);
                other.Links.Delete("comes");
            }
        });
        for (var i = 0; i < 10; i++)
        {
            // One that was disturbed each time that it was asked for is an error, and never half.
            var links = Eventually.Succeeds<LinuxException, IReadOnlyList<Link>>(netlink.Links.List);
            Assert.Equal(200, links.Count(link => link.Name.StartsWith("stays", StringComparison.Ordinal)));
        }

        stop.Cancel();
        Assert.True(churn.Wait(Eventually.Limit));
    }

    [KernelFact]
    public void Failures_leave_no_descriptor_open()
    {
        using var node = new TestNamespace();
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            using var netlink = Open(node);
            Assert.Throws<LinuxException>(() => netlink.Links.CreateBridge("lo", BridgeMac, 1500));
            Assert.Throws<LinuxException>(() => netlink.Links.SetUp(new Link { Index = 4711, Name = "none" }));
        });
    }

    private static RouteNetlink Open(TestNamespace inside)
    {
        using var opened = NetworkNamespace.Open(inside.Path);
        return opened.OpenNetlink();
    }

    private static Link UpBridge(RouteNetlink netlink)
    {
        netlink.Links.CreateBridge("br0", BridgeMac, 1500);
        netlink.Links.SetUp(netlink.Links.Find("br0")!);
        return netlink.Links.Find("br0")!;
    }

    private static VethPair Pair(NetworkNamespace pod, Link bridge) => new()
    {
        Name = "near",
        Mac = NearMac,
        BridgeIndex = bridge.Index,
        PeerName = "eth0",
        PeerMac = FarMac,
        PeerNamespace = pod.Handle,
        MtuBytes = 1400,
    };
}
