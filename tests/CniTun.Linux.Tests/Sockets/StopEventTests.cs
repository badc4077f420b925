using CniTun.Addresses;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux.Tests.Sockets;

public sealed class StopEventTests
{
    [Fact]
    public async Task A_signal_wakes_every_sleeper_and_all_who_come_later()
    {
        using var stop = new StopEvent();
        using var socket = UdpSocket.Bind(0);
        Task<bool>[] sleepers = [Task.Run(() => stop.WaitReadable(socket)), Task.Run(() => stop.WaitReadable(socket))];

        stop.Signal();

        Assert.All(await Task.WhenAll(sleepers), Assert.False);
        Assert.False(stop.WaitReadable(socket));
    }

    [KernelFact]
    public void A_sleeper_on_two_descriptors_is_woken_by_either()
    {
        using var space = new TestNamespace();
        using var tun = space.Run(() => TunDevice.Open("tun-test", TunOptions.Tun));
        using var socket = space.Run(() => UdpSocket.Bind(0));
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Eventually.Limit, Timeout.InfiniteTimeSpan);
        var buffer = new byte[2000];
        space.Ip("address", "add", "10.99.0.1/24", "dev", "tun-test");
        space.Ip("link", "set", "tun-test", "up");

        Assert.Equal(1, socket.Send([1], IpEndpoint.Parse("10.99.0.2:9")));
        Assert.True(stop.WaitReadable(tun, socket));
        while (tun.Read(buffer) >= 0)
        {
        }

        Assert.Equal(1, socket.Send([1], IpEndpoint.Parse($"127.0.0.1:{socket.Port}")));
        Assert.True(stop.WaitReadable(tun, socket));
        Assert.False(stop.IsSignaled);
        stop.Signal();
        Assert.True(stop.IsSignaled);
        Assert.False(stop.WaitReadable(tun, socket));
    }

    [Fact]
    public void It_closes_its_descriptor() => OpenDescriptors.AssertNoneLeaked(() => new StopEvent().Dispose());
}
