using CniTun.Addresses;
using CniTun.Linux.Sockets;

namespace CniTun.Linux.Tests.Sockets;

public sealed class RouteMtuTests
{
    [Fact]
    public void Our_constants_are_those_of_the_headers() =>
        new StaticAsserts("netinet/in.h")
            .Constant("IP_MTU", RouteMtu.IP_MTU)
            .Constant("IPV6_MTU", RouteMtu.IPV6_MTU)
            .Verify();

    [KernelTheory]
    [InlineData("10.98.0.2", "10.98.0.0/24")]
    [InlineData("fd98::2", "fd98::/64")]
    public void It_is_that_of_the_interface_or_of_a_route_that_says_less_and_no_route_is_an_errno(string address, string prefix)
    {
        using var space = new TestNamespace();
        var destination = IpAddress.Parse(address);
        Assert.Equal(-Errno.ENETUNREACH, space.Run(() => RouteMtu.Read(destination)));

        space.Ip("link", "add", "one", "mtu", "1450", "type", "veth", "peer", "name", "two");
        space.Ip("link", "set", "two", "up");
        space.Ip("link", "set", "one", "up");
        space.Ip("address", "add", "10.98.0.1/32", "dev", "one");
        space.Ip("address", "add", "fd98::1/128", "dev", "one", "nodad");
        space.Ip("route", "add", prefix, "dev", "one");
        Assert.Equal(1450, space.Run(() => RouteMtu.Read(destination, mark: 1)));

        space.Ip("route", "replace", prefix, "dev", "one", "mtu", "1300");
        Assert.Equal(1300, space.Run(() => RouteMtu.Read(destination)));
    }

    [Fact]
    public void It_leaves_no_descriptor_open() => OpenDescriptors.AssertNoneLeaked(() => RouteMtu.Read(IpAddress.Parse("127.0.0.1")));
}
