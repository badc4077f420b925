using CniTun.Addresses;
using CniTun.Linux.Sockets;

namespace CniTun.Linux.Tests.Sockets;

public sealed class UdpSocketTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_datagram_arrives_with_its_senders_address_over_either_family(string loopback)
    {
        using var left = UdpSocket.Bind(0);
        using var right = UdpSocket.Bind(0);
        var address = IpAddress.Parse(loopback);

        Assert.Equal(3, left.Send([1, 2, 3], new IpEndpoint(address, right.Port)));

        var buffer = new byte[100];
        using var stop = new StopEvent();
        Assert.True(stop.WaitReadable(right));
        Assert.Equal(3, right.Receive(buffer, out var source));
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.Equal(new IpEndpoint(address, left.Port), source);
    }

    [Fact]
    public void An_empty_datagram_is_a_datagram()
    {
        using var socket = UdpSocket.Bind(0);
        Assert.Equal(0, socket.Send([], new IpEndpoint(IpAddress.Parse("127.0.0.1"), socket.Port)));
        Assert.Equal(0, socket.Receive(new byte[1], out _));
    }

    [Fact]
    public void Receiving_with_nothing_there_is_EAGAIN()
    {
        using var socket = UdpSocket.Bind(0);
        Assert.Equal(-Errno.EAGAIN, socket.Receive(new byte[1], out _));
    }

    [Fact]
    public void A_port_in_use_is_EADDRINUSE_and_leaves_no_descriptor_open()
    {
        using var first = UdpSocket.Bind(0);
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            var refusal = Assert.Throws<LinuxException>(() => UdpSocket.Bind(first.Port));
            Assert.Equal(Errno.EADDRINUSE, refusal.Errno);
            Assert.Contains($"UDP port {first.Port}", refusal.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Binding_and_closing_leaves_no_descriptor_open() =>
        OpenDescriptors.AssertNoneLeaked(() => UdpSocket.Bind(0).Dispose());

    [KernelFact]
    public void Without_IPv6_the_socket_serves_IPv4_alone()
    {
        using var space = new TestNamespace();
        space.Run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        using var socket = space.Run(() => UdpSocket.Bind(0));
        if (!socket.IsDualStack)
        {
            Assert.Equal(-Errno.EAFNOSUPPORT, socket.Send([1], IpEndpoint.Parse("[::1]:9")));
        }

        Assert.Equal(1, socket.Send([1], new IpEndpoint(IpAddress.Parse("127.0.0.1"), socket.Port)));
        Assert.Equal(1, socket.Receive(new byte[10], out var source));
        Assert.Equal(IpAddress.Parse("127.0.0.1"), source.Address);
    }

    [KernelTheory]
    [InlineData("10.98.0.2")]
    [InlineData("fd98::2")]
    public void A_datagram_that_is_too_long_for_the_interface_is_refused_and_not_fragmented(string destination)
    {
        using var space = new TestNamespace();
        space.Ip("link", "add", "one", "type", "veth", "peer", "name", "two");
        space.Ip("address", "add", "10.98.0.1/24", "dev", "one");
        space.Ip("address", "add", "fd98::1/64", "dev", "one", "nodad");
        space.Ip("link", "set", "two", "up");
        space.Ip("link", "set", "one", "up");
        using var socket = space.Run(() => UdpSocket.Bind(0));
        Assert.Equal(-Errno.EMSGSIZE, socket.Send(new byte[1600], new IpEndpoint(IpAddress.Parse(destination), 9)));
        Assert.Equal(1400, socket.Send(new byte[1400], new IpEndpoint(IpAddress.Parse(destination), 9)));
    }

    [KernelFact]
    public void Root_gets_the_buffers_and_the_mark_that_it_asks_for()
    {
        using var socket = UdpSocket.Bind(0);
        Assert.True(socket.TryEnlargeBuffers(8 << 20, 4 << 20));
        socket.SetMark(0x4000);
    }
}
