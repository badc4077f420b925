using CniTun.Linux.Sockets;

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

    [Fact]
    public void It_closes_its_descriptor() => OpenDescriptors.AssertNoneLeaked(() => new StopEvent().Dispose());
}
