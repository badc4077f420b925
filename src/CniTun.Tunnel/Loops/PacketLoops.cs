using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Loops;

/// <summary>
/// The packet threads of one TUN and one port, neither of which it owns. They sleep while there is nothing to do.
/// </summary>
/// <remarks>To change the socket, these loops are disposed and new ones started: meanwhile packets wait in the kernel's queues.</remarks>
internal sealed class PacketLoops : IDisposable
{
    private const int StackBytes = 256 << 10;
    private readonly StopEvent stop = new();
    private readonly Action<int> onFailure;
    private readonly Thread thread;

    public PacketLoops(TunDevice tun, UdpSocket socket, CurrentPeers peers, DirectionCounters outCounters, DirectionCounters inCounters, Offloads offloads, Action<int> onFailure)
    {
        this.onFailure = onFailure;
        var outbound = new OutboundPump(tun, new Outbound(peers, outCounters, new TrainSender(socket, offloads)));
        var inbound = new InboundPump(tun, socket, writer => new Inbound(peers, inCounters, writer));
        var spins = Environment.GetEnvironmentVariable("NOSPIN") is null;
        thread = Start("worker", new Worker(tun, socket, stop, outbound, inbound, spins).Run);
    }

    /// <summary>Returns when all threads have ended.</summary>
    public void Dispose()
    {
        stop.Signal();
        thread.Join();
        stop.Dispose();
    }

    private Thread Start(string name, Func<int> run)
    {
        var started = new Thread(() => Report(run()), StackBytes) { Name = name, IsBackground = true };
        started.Start();
        return started;
    }

    private void Report(int errno)
    {
        if (errno != 0)
        {
            onFailure(errno);
        }
    }
}
