using System.Net;
using System.Net.Sockets;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux.Tests.Tuntap;

public sealed class TunDeviceTests
{
    [KernelFact]
    public void A_tun_reads_what_the_kernel_routes_into_it_and_vanishes_with_its_descriptor()
    {
        using var space = new TestNamespace();
        using (var tun = space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun)))
        {
            Assert.Equal("tun-test", tun.Name);
            space.Ip("link", "set", "tun-test", "up");
            space.Ip("address", "add", "10.99.0.1/24", "dev", "tun-test");
            space.Run(() => SendDatagram("10.99.0.2"));

            var packet = ReadIPv4(tun);

            Assert.Equal([10, 99, 0, 2], packet[16..20]);
        }

        Eventually.True(() => !space.Ip("link").Contains("tun-test", StringComparison.Ordinal), "the interface is gone");
    }

    [KernelFact]
    public void A_tap_reads_ethernet_frames()
    {
        using var space = new TestNamespace();
        using var tap = space.Run(() => TunDevice.Open("tap-test", TunOptions.Tap));
        Assert.Contains("link/ether", space.Ip("link", "show", "tap-test"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void With_the_virtio_header_ten_bytes_go_before_each_packet()
    {
        using var space = new TestNamespace();
        using var tun = space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun | TunOptions.VirtioHeader));
        space.Ip("link", "set", "tun-test", "up");
        space.Ip("address", "add", "10.99.0.1/24", "dev", "tun-test");
        space.Run(() => SendDatagram("10.99.0.2"));

        Assert.Equal([10, 99, 0, 2], ReadIPv4(tun, headerBytes: 10)[26..30]);
    }

    [KernelFact]
    public void Reading_with_nothing_there_is_EAGAIN_writing_while_down_EIO_and_after_deletion_EBADFD()
    {
        using var space = new TestNamespace();
        using var tun = space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun));
        var buffer = new byte[2000];
        Assert.Equal(-Errno.EAGAIN, tun.Read(buffer));
        Assert.Equal(-Errno.EIO, tun.Write(Convert.FromHexString("4500001400000000400000000a0000010a000002")));
        space.Ip("link", "del", "tun-test");
        Assert.Equal(-Errno.EBADFD, tun.Read(buffer));
        Assert.Equal(-Errno.EBADFD, tun.Write(buffer));
    }

    [KernelFact]
    public void A_name_in_use_is_EBUSY_and_leaves_no_descriptor_open()
    {
        using var space = new TestNamespace();
        using var first = space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun));
        OpenDescriptors.AssertNoneLeaked(() =>
            Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(() => space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun))).Errno));
    }

    [KernelFact]
    public void An_interface_of_another_kind_is_EINVAL() => OpenDescriptors.AssertNoneLeaked(() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => TunDevice.Open("lo", TunOptions.Tun)).Errno));

    [Fact]
    public void A_name_that_does_not_fit_is_refused_before_the_kernel_is_asked() =>
        Assert.Equal(Errno.ENAMETOOLONG, Assert.Throws<LinuxException>(() => TunDevice.Open("sixteen-letters-", TunOptions.Tun)).Errno);

    private static bool SendDatagram(string destination)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.SendTo([1, 2, 3], new IPEndPoint(IPAddress.Parse(destination), 9));
        return true;
    }

    /// <summary>Passes over the kernel's own IPv6 chatter.</summary>
    private static byte[] ReadIPv4(TunDevice tun, int headerBytes = 0)
    {
        var buffer = new byte[2000];
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Eventually.Limit, Timeout.InfiniteTimeSpan);
        while (stop.WaitReadable(tun))
        {
            var length = tun.Read(buffer);
            if (length > headerBytes && buffer[headerBytes] >> 4 == 4)
            {
                return buffer[..length];
            }
        }

        throw new TimeoutException("no IPv4 packet came out of the TUN");
    }
}
