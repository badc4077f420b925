using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Loops;

/// <summary>
/// The packet threads, one for each queue of a TUN and socket of a port, none of which it owns. They sleep while there is nothing
/// to do.
/// </summary>
/// <remarks>To change the sockets, these loops are disposed and new ones started: meanwhile packets wait in the kernel's queues.</remarks>
internal sealed class PacketLoops : IDisposable
{
    private const int StackBytes = 256 << 10;
    private readonly StopEvent stop;
    private readonly Action<int> onFailure;
    private readonly List<Thread> threads = [];

    /// <param name="stop">Ends the threads; disposed with these loops.</param>
    /// <param name="queues">Not to be disposed before these loops are.</param>
    /// <param name="sockets">Likewise.</param>
    /// <param name="peers">All peers.</param>
    /// <param name="counters">As many as there are queues.</param>
    /// <param name="offloads">What is on.</param>
    /// <param name="spins">Whether threads look for packets for a while before they sleep.</param>
    /// <param name="onFailure">Told, on a packet thread, the errno of a TUN that is of no more use.</param>
    public PacketLoops(
        StopEvent stop, TunQueues queues, PortSockets sockets, CurrentPeers peers, IReadOnlyList<TunnelCounters> counters, Offloads offloads, bool spins, Action<int> onFailure)
    {
        this.stop = stop;
        this.onFailure = onFailure;
        for (var i = 0; i < queues.Count; i++)
        {
            var writer = new TunWriter(queues[i]);
            var outbound = new Outbound(peers, counters[i].Out, new TrainSender(sockets.Sending(i), offloads), writer);
            var inbound = new Inbound(peers, counters[i].In, writer, new ReplySender(sockets.Receiving(i)))
            {
                MergesTcp = offloads[OffloadKind.TunTcpGro],
                MergesUdp = offloads[OffloadKind.TunUdpGro],
                OnMergeRefused = isTcp => offloads.Refuse(isTcp ? OffloadKind.TunTcpGro : OffloadKind.TunUdpGro, Errno.EINVAL),
            };
            var worker = new Worker(
                queues[i], sockets.Receiving(i), stop, new OutboundPump(queues[i], outbound), new InboundPump(sockets.Receiving(i), inbound, writer), spins);
            Start($"packets-{i}", worker.Run);
        }
    }

    /// <summary>Returns when all threads have ended.</summary>
    public void Dispose()
    {
        stop.Signal();
        threads.ForEach(thread => thread.Join());
        stop.Dispose();
    }

    private void Start(string name, Func<int> run)
    {
        var thread = new Thread(() => Report(run()), StackBytes) { Name = name, IsBackground = true };
        threads.Add(thread);
        thread.Start();
    }

    private void Report(int errno)
    {
        if (errno != 0)
        {
            onFailure(errno);
        }
    }
}
