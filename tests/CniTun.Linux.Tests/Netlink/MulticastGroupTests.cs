using CniTun.Addresses;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests.Netlink;

public sealed class MulticastGroupTests
{
    [Fact]
    public void The_solicited_node_group_has_the_last_24_bits_of_the_address() => Assert.Equal(
        IpAddress.Parse("ff02::1:ff89:abcd"),
        MulticastGroups.SolicitedNode(IpAddress.Parse("fd00::123:4567:89:abcd")));

    [KernelFact]
    public void An_address_of_an_interface_that_is_up_is_heard_soon_and_another_never()
    {
        using var space = new TestNamespace();
        using var inside = NetworkNamespace.Open(space.Path);
        using var netlink = inside.OpenNetlink();
        space.Ip("link", "add", "br0", "type", "bridge");
        space.Ip("link", "set", "br0", "up");
        space.Ip("addr", "add", "fd00::1:2/64", "dev", "br0", "nodad");
        var link = netlink.Links.Find("br0")!;

        Eventually.True(() => netlink.MulticastGroups.AwaitSolicitedNode(link, IpAddress.Parse("fd00::1:2")), "the group is joined");
        Assert.False(netlink.MulticastGroups.AwaitSolicitedNode(link, IpAddress.Parse("fd00::1:3")));
    }
}
