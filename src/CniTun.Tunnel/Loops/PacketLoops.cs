using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>
/// The two packet threads of one TUN and one socket, neither of which it owns. They sleep while there is nothing to do.
/// </summary>
/// <remarks>To change the socket, these loops are disposed and new ones started: meanwhile packets wait in the kernel's queues.</remarks>
internal sealed class PacketLoops : IDisposable
{
    private const int StackBytes = 256 << 10;
    private readonly StopEvent stop = new();
    private readonly Action<int> onFailure;
    private readonly Thread outbound;
    private readonly Thread inbound;

    /// <param name="tun">Not to be disposed before these loops are.</param>
    /// <param name="socket">Likewise.</param>
    /// <param name="forwardOut">The core of the one direction.</param>
    /// <param name="forwardIn">The core of the other.</param>
    /// <param name="onFailure">Told, on a packet thread, the errno of a TUN that is of no more use.</param>
    public PacketLoops(TunDevice tun, UdpSocket socket, Outbound forwardOut, Inbound forwardIn, Action<int> onFailure)
    {
        this.onFailure = onFailure;
        outbound = Start("tun-to-udp", new OutboundLoop(tun, socket, stop, forwardOut).Run);
        inbound = Start("udp-to-tun", new InboundLoop(tun, socket, stop, forwardIn).Run);
    }

    /// <summary>Returns when both threads have ended.</summary>
    public void Dispose()
    {
        stop.Signal();
        outbound.Join();
        inbound.Join();
        stop.Dispose();
    }

    private Thread Start(string name, Func<int> run)
    {
        var thread = new Thread(() => Report(run()), StackBytes) { Name = name, IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Report(int errno)
    {
        if (errno != 0)
        {
            onFailure(errno);
        }
    }
}
