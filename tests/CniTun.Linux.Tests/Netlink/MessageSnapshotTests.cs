using System.Globalization;
using CniTun.Addresses;
using CniTun.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace CniTun.Linux.Tests.Netlink;

public sealed class MessageSnapshotTests
{
    private static readonly MacAddress Mac = new(0x0a58_0a4d_0102);

    [Fact]
    public void Create_bridge() => Match(LinkRequests.CreateBridge(new byte[4096], "br0", Mac, 1450));

    [Fact]
    public void Create_veth_with_both_ends_in_one_request()
    {
        using var descriptor = new SafeFileHandle(77, ownsHandle: false);
        Match(LinkRequests.CreateVeth(new byte[4096], new VethPair
        {
            Name = "ct0123456789abc",
            Mac = Mac,
            BridgeIndex = 5,
            PeerName = "eth0",
            PeerMac = new MacAddress(0x0a58_0a4d_0103),
            PeerNamespace = descriptor,
            MtuBytes = 1450,
        }));
    }

    [Fact]
    public void Create_veth_with_both_ends_in_one_namespace() => Match(LinkRequests.CreateVeth(
        new byte[4096],
        new VethPair { Name = "cng0123456789a", Mac = Mac, BridgeIndex = 5, PeerName = "br0.100", PeerMac = Mac, MtuBytes = 1450 }));

    [Fact]
    public void Configure_bridge_port() =>
        Match(LinkRequests.ConfigureBridgePort(new byte[4096], 7, "cnitun pods/abc/eth0", new BridgePort(Hairpin: true, Isolated: false)));

    [Fact]
    public void Enable_vlan_filtering() => Match(BridgeVlans.FilteringRequest(new byte[4096], 5));

    [Fact]
    public void Add_access_vlan() => Match(BridgeVlans.AddRequest(
        new byte[4096], 7, 100, 100, RtNetlinkConstants.BRIDGE_VLAN_INFO_PVID | RtNetlinkConstants.BRIDGE_VLAN_INFO_UNTAGGED));

    [Fact]
    public void Add_tagged_vlans() => Match(BridgeVlans.AddRequest(new byte[4096], 7, 200, 299, 0));

    [Fact]
    public void List_vlans_of_a_port() => Match(BridgeVlans.ListRequest(new byte[4096], 7));

    [Fact]
    public void Delete_link() => Match(LinkRequests.Delete(new byte[4096], "ct0123456789abc"));

    [Fact]
    public void Delete_link_by_index() => Match(LinkRequests.Delete(new byte[4096], 7));

    [Fact]
    public void Add_IPv4_address() => Match(InterfaceAddresses.AddRequest(new byte[4096], 7, Cidr.Parse("10.77.1.2/24"), detectDuplicates: false));

    [Fact]
    public void Add_IPv6_address_without_duplicate_address_detection() =>
        Match(InterfaceAddresses.AddRequest(new byte[4096], 7, Cidr.Parse("fd00:77:1::2/64"), detectDuplicates: false));

    [Fact]
    public void Add_default_route() =>
        Match(new Route { Destination = Cidr.Parse("0.0.0.0/0"), Gateway = IpAddress.Parse("10.77.1.1"), InterfaceIndex = 7 }
            .Write(new byte[4096], RtNetlinkConstants.RTM_NEWROUTE, NetlinkConstants.NLM_F_CREATE | NetlinkConstants.NLM_F_EXCL));

    [Fact]
    public void Add_route_with_metrics() =>
        Match(new Route
        {
            Destination = Cidr.Parse("fd00:77:2::/64"),
            InterfaceIndex = 7,
            MtuBytes = 1400,
            AdvertisedMssBytes = 1340,
            Priority = 100,
            Protocol = 199,
        }.Write(new byte[4096], RtNetlinkConstants.RTM_NEWROUTE, NetlinkConstants.NLM_F_CREATE | NetlinkConstants.NLM_F_REPLACE));

    [Fact]
    public void Announce_address() => Match(Neighbours.AnnounceRequest(new byte[4096], 7, IpAddress.Parse("10.77.1.2")));

    private static void Match(NetlinkWriter message, [System.Runtime.CompilerServices.CallerMemberName] string test = "") =>
        Snapshot.Match(Snapshot.Hex(message.Finish()).ToString(CultureInfo.InvariantCulture), test: test);
}
