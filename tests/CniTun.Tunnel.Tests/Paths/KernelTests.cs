using System.Net;
using System.Net.Sockets;
using CniTun.Addresses;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Tests.Processes;

namespace CniTun.Tunnel.Tests.Paths;

/// <summary>What we write into a TUN, judged by the kernel behind it.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class KernelTests
{
    [KernelTheory]
    [InlineData("10.1.0.1", "10.2.0.1")]
    [InlineData("fd01::1", "fd02::1")]
    public void A_sender_believes_the_answer_to_a_packet_that_is_too_big(string local, string remote)
    {
        using var space = new TestNamespace();
        using var tun = space.Run(() => TunDevice.Open("tun0", TunOptions.Tun));
        BringUp(space, local, remote);
        using var socket = Open(space, local, dontFragment: true);
        var destination = IpAddress.Parse(remote);
        Assert.Equal(1500, space.Run(() => RouteMtu.Read(destination)));

        socket.SendTo(new byte[1400], new IPEndPoint(IPAddress.Parse(remote), 9));
        var answer = new byte[TooBigAnswer.MaxBytes];
        var length = TooBigAnswer.Build(Read(tun, local, remote), 1300, answer);
        Assert.Equal(length, tun.Write(answer.AsSpan(0, length)));

        Wait.Until(() => space.Run(() => RouteMtu.Read(destination)) == 1300, () => "the kernel does not believe it");
    }

    [KernelFact]
    public void A_receiver_puts_fragments_together_again()
    {
        using var left = new TestNamespace("left");
        using var right = new TestNamespace("right");
        using var leftTun = left.Run(() => TunDevice.Open("tun0", TunOptions.Tun));
        using var rightTun = right.Run(() => TunDevice.Open("tun0", TunOptions.Tun));
        BringUp(left, "10.1.0.1", "10.2.0.1");
        BringUp(right, "10.2.0.1", "10.1.0.1");
        left.Ip("link", "set", "tun0", "mtu", "9000");
        using var sender = Open(left, "10.1.0.1", dontFragment: false);
        using var receiver = Open(right, "10.2.0.1", dontFragment: false);
        var sent = new byte[5000];
        new Random(1).NextBytes(sent);
        sender.SendTo(sent, receiver.LocalEndPoint!);

        Assert.True(IPv4Fragmenter.TryBegin(Read(leftTun, "10.1.0.1", "10.2.0.1"), 1300, out var fragmenter));
        var fragment = new byte[1300];
        while (fragmenter.Next(fragment) is > 0 and var length)
        {
            // Cut once more, as a router further on would.
            Assert.True(IPv4Fragmenter.TryBegin(fragment.AsSpan(0, length), 600, out var again));
            var part = new byte[600];
            while (again.Next(part) is > 0 and var partLength)
            {
                Assert.Equal(partLength, rightTun.Write(part.AsSpan(0, partLength)));
            }
        }

        var received = new byte[sent.Length + 1];
        Assert.Equal(sent.Length, receiver.Receive(received));
        Assert.Equal(sent, received[..sent.Length]);
    }

    private static void BringUp(TestNamespace space, string local, string remote)
    {
        space.Ip("address", "add", local, "dev", "tun0", "nodad");
        space.Ip("link", "set", "tun0", "up");
        space.Ip("route", "add", remote, "dev", "tun0");
    }

    private static Socket Open(TestNamespace space, string local, bool dontFragment)
    {
        var address = IPAddress.Parse(local);
        var socket = space.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            socket.DontFragment = dontFragment;
        }

        socket.ReceiveTimeout = Wait.Milliseconds;
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }

    /// <summary>Waits for the packet that goes that way; the kernel also sends some of its own.</summary>
    private static byte[] Read(TunDevice tun, string source, string destination)
    {
        using var stop = new StopEvent();
        var buffer = new byte[65_535];
        while (stop.WaitReadable(tun))
        {
            var length = tun.Read(buffer);
            if (IpPacket.TryParse(buffer.AsSpan(0, Math.Max(0, length)), out var packet) == Drop.None
                && packet.Source == IpAddress.Parse(source)
                && packet.Destination == IpAddress.Parse(destination))
            {
                return buffer[..length];
            }
        }

        return [];
    }
}
