using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Loops;
using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;
using CniTun.Tunnel.Probing;
using CniTun.Uapi;

namespace CniTun.Tunnel.Control;

/// <summary>
/// One tunnel from start to end: owns the TUN, the UDP sockets, the packet threads and the prober, answers what it is and takes
/// changes. Control calls may come from any thread and wait for one another; packets wait for none of them.
/// </summary>
public sealed class RunningTunnel : IDisposable
{
    private readonly Lock gate = new();
    private readonly TunnelOptions options;
    private readonly ITunnelLog log;
    private readonly Action<int> onInterfaceLost;
    private readonly TunQueues queues;
    private readonly CurrentPeers peers = new();
    private readonly Offloads offloads;
    private readonly TunnelCounters[] counters;
    private readonly Prober prober;
    private PortSockets sockets;
    private PacketLoops loops;
    private SecretKey? privateKey;
    private uint mark;

    private RunningTunnel(TunnelOptions options, Offloads offloads, TunQueues queues, PortSockets sockets, ITunnelLog log, Action<int> onInterfaceLost)
    {
        this.options = options;
        this.offloads = offloads;
        this.queues = queues;
        this.sockets = sockets;
        this.log = log;
        this.onInterfaceLost = onInterfaceLost;
        counters = [.. Enumerable.Range(0, options.Queues).Select(_ => new TunnelCounters())];
        loops = StartLoops(new StopEvent());
        prober = new Prober(peers, new UdpProbeTransport(sockets.First, mark));
    }

    /// <summary>Gets the interface's name.</summary>
    public string Name => queues.Name;

    /// <summary>Opens TUN and sockets in the calling thread's network namespace and starts to forward, at first to no peer.</summary>
    /// <param name="options">What the operator wants.</param>
    /// <param name="log">Told what an operator wants to know.</param>
    /// <param name="onInterfaceLost">Called on a packet thread, once or more often, when someone deletes the interface.</param>
    /// <exception cref="LinuxException">As <see cref="Linux.Tuntap.TunDevice.Open"/> and <see cref="Linux.Sockets.UdpSocket.Bind(ushort, bool)"/>.</exception>
    public static RunningTunnel Start(TunnelOptions options, ITunnelLog log, Action<int> onInterfaceLost)
    {
        var wanted = new Offloads { OnRefused = (kind, reason) => log.OffloadRefused(Offloads.Name(kind), reason) };
        foreach (var kind in options.Without)
        {
            wanted.SwitchOff(kind);
        }

        OffloadTest.Run(wanted);
        var opened = TunQueues.Open(options.Interface, options.Queues, wanted);
        try
        {
            var bound = PortSockets.Bind(options.ListenPort, options.Queues, mark: 0, wanted, log);
            return new RunningTunnel(options, wanted, opened, bound, log, onInterfaceLost);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Says what the tunnel is and has counted.</summary>
    public DeviceState Read()
    {
        lock (gate)
        {
            return new DeviceState
            {
                PrivateKey = privateKey,
                ListenPort = sockets.Port,
                Fwmark = mark,
                Peers = [.. peers.Table.Peers.Select(Describe)],
                Counters = [.. Count("out", counter => counter.Out), .. Count("in", counter => counter.In), new Counter("offloads_refused", offloads.Refused)],
                Offloads = [.. Enum.GetValues<OffloadKind>().Select(kind => new Offload(Offloads.Name(kind), offloads.State(kind)))],
            };
        }
    }

    /// <summary>Makes a change wholly or, if any part is refused, not at all.</summary>
    /// <returns>0, or an errno: those of <see cref="PeerTableBuilder.Apply"/>, of binding a port and of setting a mark.</returns>
    public int Apply(DeviceUpdate update)
    {
        lock (gate)
        {
            var errno = TryApply(update);
            if (errno != 0)
            {
                log.Refused(errno);
            }

            return errno;
        }
    }

    /// <summary>Stops all threads and closes socket and TUN, with which the interface vanishes.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            loops.Dispose();
            prober.Dispose();
            sockets.Dispose();
            queues.Dispose();
        }
    }

    private static PeerState Describe(Peer peer) => new()
    {
        PublicKey = peer.Key,
        Endpoint = peer.Endpoint,
        AllowedIps = peer.AllowedIps,
        RxBytes = peer.Traffic.ReceivedBytes,
        TxBytes = peer.Traffic.SentBytes,
        PathMtuBytes = peer.Path.State == PathState.Unknown ? null : peer.Path.MtuBytes,
        PathState = peer.Path.State == PathState.Unknown ? null : PathStates.Name(peer.Path.State),
        RoundTripMicroseconds = Known(peer.Path.RoundTripMicroseconds),
        LeastRoundTripMicroseconds = Known(peer.Path.LeastRoundTripMicroseconds),
        LossPermille = (int?)Known(peer.Path.LossPermille),
    };

    private static long? Known(long measured) => measured < 0 ? null : measured;

    /// <summary>Lists the packets that went through, and of the reasons to drop those that occurred.</summary>
    private IEnumerable<Counter> Count(string direction, Func<TunnelCounters, DirectionCounters> of)
    {
        long Sum(Drop drop) => counters.Sum(counter => of(counter)[drop]);

        yield return new Counter($"{direction}_packets", Sum(Drop.None));
        for (var drop = Drop.None + 1; (int)drop < Drops.Count; drop++)
        {
            if (Sum(drop) is > 0 and var count)
            {
                yield return new Counter($"{direction}_drop_{Drops.Name(drop)}", count);
            }
        }
    }

    private int TryApply(DeviceUpdate update)
    {
        var builder = new PeerTableBuilder(peers.Table);
        if (update.ReplacePeers)
        {
            builder.Clear();
        }

        foreach (var peer in update.Peers)
        {
            var errno = builder.Apply(peer);
            if (errno != 0)
            {
                return errno;
            }
        }

        // From here on only the socket can refuse, and it goes first.
        try
        {
            ApplyToSockets(update.ListenPort ?? sockets.Port, update.Fwmark ?? mark);
        }
        catch (LinuxException e)
        {
            return e.Errno;
        }

        peers.Replace(builder.Build());
        prober.LookAgain();
        privateKey = update.PrivateKey is { } key ? (key.IsZero ? null : key) : privateKey;
        log.Configured(peers.Table.Peers.Count, peers.Table.Peers.Sum(peer => peer.AllowedIps.Count));
        return 0;
    }

    /// <exception cref="LinuxException">Nothing was changed.</exception>
    private void ApplyToSockets(ushort port, uint newMark)
    {
        if (port != sockets.Port)
        {
            // All that may be refused, for want of descriptors too, comes before the old loops end.
            var stop = new StopEvent();
            PortSockets next;
            try
            {
                next = PortSockets.Bind(port, options.Queues, newMark, offloads, log);
            }
            catch
            {
                stop.Dispose();
                throw;
            }

            loops.Dispose();
            prober.Use(new UdpProbeTransport(next.First, newMark));
            sockets.Dispose();
            sockets = next;
            loops = StartLoops(stop);
        }
        else if (newMark != mark)
        {
            sockets.SetMark(newMark);
            prober.Use(new UdpProbeTransport(sockets.First, newMark));
        }

        mark = newMark;
    }

    private PacketLoops StartLoops(StopEvent stop) => new(stop, queues, sockets, peers, counters, offloads, options.Spins, Lose);

    private void Lose(int errno)
    {
        log.InterfaceLost(errno);
        onInterfaceLost(errno);
    }
}
