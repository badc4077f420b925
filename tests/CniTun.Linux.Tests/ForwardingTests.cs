using System.Net;
using System.Net.Sockets;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests;

/// <summary>A host whose default route comes from a router keeps it when it begins to forward.</summary>
public sealed class ForwardingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [KernelTheory]
    [InlineData("cable")]
    [InlineData("br0")]
    public void A_default_route_from_a_router_advertisement_stays_and_is_renewed(string uplink)
    {
        using var host = new TestNamespace("host");
        using var router = new TestNamespace("router");
        host.Ip("link", "add", "cable", "type", "veth", "peer", "name", "eth0", "netns", router.Name);
        if (uplink is "br0")
        {
            host.Ip("link", "add", "br0", "type", "bridge");
            host.Ip("link", "set", "cable", "master", "br0");
            host.Ip("link", "set", "br0", "up");
        }

        host.Run("sysctl", "-qw", $"net.ipv6.conf.{uplink}.accept_ra=1");
        host.Ip("link", "set", "cable", "up");
        router.Ip("link", "set", "eth0", "up");
        router.Ip("addr", "add", "fe80::1/64", "dev", "eth0", "nodad");
        AwaitRoute(host, router);

        host.Run(() =>
        {
            using var netlink = RouteNetlink.Open();
            Forwarding.Enable(netlink, isIPv6: true, link => link.Name is "br0");
            return true;
        });

        Assert.Contains("via fe80::1", host.Ip("-6", "route", "show", "default"), StringComparison.Ordinal);
        Assert.Equal("1", host.Run("cat", "/proc/sys/net/ipv6/conf/all/forwarding").Trim());

        // Also the next advertisement is heeded.
        host.Ip("-6", "route", "del", "default");
        AwaitRoute(host, router);
    }

    [KernelFact]
    public void Nothing_is_written_where_forwarding_is_on()
    {
        using var host = new TestNamespace("host");
        host.Ip("link", "add", "cable", "type", "bridge");
        host.Run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1", "net.ipv6.conf.cable.accept_ra=1");
        var written = new List<string>();

        host.Run(() =>
        {
            using var netlink = RouteNetlink.Open();
            Forwarding.Enable(netlink, isIPv6: true, _ => false, (name, _) => written.Add(name));
            Forwarding.Enable(netlink, isIPv6: false, _ => false, (name, _) => written.Add(name));
            return true;
        });

        Assert.Empty(written);
        Assert.Equal("1", host.Run("cat", "/proc/sys/net/ipv6/conf/cable/accept_ra").Trim());
    }

    /// <summary>Advertises a router until the host has heard of it.</summary>
    private static void AwaitRoute(TestNamespace host, TestNamespace router)
    {
        var deadline = DateTimeOffset.UtcNow + Patience;
        while (!host.Ip("-6", "route", "show", "default").Contains("via fe80::1", StringComparison.Ordinal))
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, host.Ip("-6", "route"));
            router.Run(Advertise);
        }
    }

    /// <summary>Sends a router advertisement (RFC 4861, 4.2) with a lifetime of half an hour.</summary>
    private static bool Advertise()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        using var netlink = RouteNetlink.Open();
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 255);
        byte[] message = [134, 0, 0, 0, 64, 0, 1800 >> 8, 1800 & 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        socket.Bind(new IPEndPoint(IPAddress.Parse($"fe80::1%{netlink.Links.Find("eth0")!.Index}"), 0));
        try
        {
            return socket.SendTo(message, new IPEndPoint(IPAddress.Parse($"ff02::1%{netlink.Links.Find("eth0")!.Index}"), 0)) == message.Length;
        }
        catch (SocketException)
        {
            // The link is not up yet: the host is asked again whether it heard.
            return false;
        }
    }
}
