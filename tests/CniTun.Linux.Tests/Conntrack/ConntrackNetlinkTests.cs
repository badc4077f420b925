using System.Net;
using System.Net.Sockets;
using CniTun.Addresses;
using CniTun.Linux.Conntrack;

namespace CniTun.Linux.Tests.Conntrack;

public sealed class ConntrackNetlinkTests
{
    [Fact]
    public void Constants_are_those_of_the_headers()
    {
        var asserts = new StaticAsserts("linux/netfilter/nfnetlink.h", "linux/netfilter/nfnetlink_conntrack.h");
        HeaderTests.AddConstants(asserts, typeof(ConntrackConstants));
        asserts.Verify();
    }

    [KernelFact]
    public void Connections_of_an_address_are_forgotten_whichever_side_it_is_on_and_others_stay()
    {
        using var node = Tracking();
        using var conntrack = node.Run(ConntrackNetlink.Open);
        Send(node, "127.0.0.1", "127.0.0.2", 53);
        Send(node, "127.0.0.2", "127.0.0.3", 53);
        Send(node, "127.0.0.4", "127.0.0.5", 53);
        Assert.Equal("3", Count(node));

        Assert.Equal(2, conntrack.DeleteOf(IpAddress.Parse("127.0.0.2")));

        Assert.Equal("1", Count(node));
        Assert.Equal(0, conntrack.DeleteOf(IpAddress.Parse("127.0.0.2")));
        Assert.Equal(1, conntrack.DeleteOf(IpAddress.Parse("127.0.0.5")));
    }

    [KernelFact]
    public void Where_the_destination_was_rewritten_the_connection_is_of_the_new_one_too()
    {
        using var node = Tracking();
        using var conntrack = node.Run(ConntrackNetlink.Open);
        node.Run("nft", "add rule inet t out ip daddr 127.0.0.2 udp dport 53 dnat ip to 127.0.0.9:5353");
        Send(node, "127.0.0.1", "127.0.0.2", 53);

        Assert.Equal(1, conntrack.DeleteOf(IpAddress.Parse("127.0.0.9")));
    }

    [KernelFact]
    public void Connections_to_a_port_are_forgotten_of_one_address_or_of_all()
    {
        using var node = Tracking();
        using var conntrack = node.Run(ConntrackNetlink.Open);
        Send(node, "127.0.0.1", "127.0.0.2", 53);
        Send(node, "127.0.0.1", "127.0.0.3", 53);
        Send(node, "127.0.0.1", "127.0.0.3", 54);

        Assert.Equal(0, conntrack.DeleteTo(isIPv6: false, null, 6, 53));
        Assert.Equal(1, conntrack.DeleteTo(isIPv6: false, IpAddress.Parse("127.0.0.3"), 17, 53));
        Assert.Equal(1, conntrack.DeleteTo(isIPv6: false, null, 17, 53));
        Assert.Equal("1", Count(node));
    }

    [KernelFact]
    public void Connections_over_IPv6_are_forgotten_likewise()
    {
        using var node = Tracking();
        using var conntrack = node.Run(ConntrackNetlink.Open);
        node.Ip("address", "add", "fd00::1/128", "dev", "lo", "nodad");
        Send(node, "::1", "fd00::1", 53);
        Send(node, "::1", "::1", 53);

        Assert.Equal(1, conntrack.DeleteTo(isIPv6: true, IpAddress.Parse("fd00::1"), 17, 53));
        Assert.Equal(1, conntrack.DeleteOf(IpAddress.Parse("::1")));
        Assert.True(node.Run(() => ConntrackNetlink.IsEmpty));
    }

    [KernelFact]
    public void Opening_and_closing_leaves_no_descriptor_open() =>
        OpenDescriptors.AssertNoneLeaked(static () =>
        {
            using var conntrack = ConntrackNetlink.Open();
            conntrack.DeleteOf(IpAddress.Parse("192.0.2.1"));
        });

    /// <summary>A namespace that remembers connections, because a rule asks for it.</summary>
    private static TestNamespace Tracking()
    {
        var node = new TestNamespace();
        node.Run("nft", "add table inet t; add chain inet t out { type nat hook output priority -100; }; add rule inet t out ct state new");
        return node;
    }

    private static string Count(TestNamespace node) => node.Run("cat", "/proc/sys/net/netfilter/nf_conntrack_count").Trim();

    private static void Send(TestNamespace node, string from, string to, int port) => node.Run(() =>
    {
        var source = IPAddress.Parse(from);
        using var socket = new Socket(source.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(source, 0));
        return socket.SendTo([1], new IPEndPoint(IPAddress.Parse(to), port));
    });
}
