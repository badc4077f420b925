using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Loops;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;
using CniTun.Uapi;

namespace CniTun.Tunnel.Control;

/// <summary>
/// One tunnel from start to end: owns the TUN, the UDP socket, the packet threads and the prober, answers what it is and takes changes.
/// Control calls may come from any thread and wait for one another; packets wait for none of them.
/// </summary>
public sealed class RunningTunnel : IDisposable
{
    private const int ReceiveBufferBytes = 8 << 20;
    private const int SendBufferBytes = 4 << 20;

    private readonly Lock gate = new();
    private readonly ITunnelLog log;
    private readonly Action<int> onInterfaceLost;
    private readonly TunDevice tun;
    private readonly CurrentPeers peers = new();
    private readonly DirectionCounters outCounters = new();
    private readonly DirectionCounters inCounters = new();
    private readonly Prober prober;
    private UdpSocket socket;
    private PacketLoops loops;
    private SecretKey? privateKey;
    private uint mark;

    private RunningTunnel(TunDevice tun, UdpSocket socket, ITunnelLog log, Action<int> onInterfaceLost)
    {
        this.tun = tun;
        this.socket = socket;
        this.log = log;
        this.onInterfaceLost = onInterfaceLost;
        loops = StartLoops();
        prober = new Prober(peers, new UdpProbeTransport(socket, mark));
    }

    /// <summary>Gets the interface's name.</summary>
    public string Name => tun.Name;

    /// <summary>Opens TUN and socket in the calling thread's network namespace and starts to forward, at first to no peer.</summary>
    /// <param name="interfaceName">At most 15 bytes.</param>
    /// <param name="listenPort">0 lets the kernel choose.</param>
    /// <param name="log">Told what an operator wants to know.</param>
    /// <param name="onInterfaceLost">Called on a packet thread, once or twice, when someone deletes the interface.</param>
    /// <exception cref="LinuxException">As <see cref="TunDevice.Open"/> and <see cref="UdpSocket.Bind(ushort)"/>.</exception>
    public static RunningTunnel Start(string interfaceName, ushort listenPort, ITunnelLog log, Action<int> onInterfaceLost)
    {
        var device = TunDevice.Open(interfaceName, TunOptions.Tun);
        try
        {
            return new RunningTunnel(device, OpenSocket(listenPort, mark: 0, log), log, onInterfaceLost);
        }
        catch
        {
            device.Dispose();
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
                ListenPort = socket.Port,
                Fwmark = mark,
                Peers = [.. peers.Table.Peers.Select(Describe)],
                Counters = [.. Count("out", outCounters), .. Count("in", inCounters)],
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
            socket.Dispose();
            tun.Dispose();
        }
    }

    private static UdpSocket OpenSocket(ushort port, uint mark, ITunnelLog log)
    {
        var opened = UdpSocket.Bind(port);
        try
        {
            if (!opened.TryEnlargeBuffers(ReceiveBufferBytes, SendBufferBytes))
            {
                log.BuffersRefused(ReceiveBufferBytes, SendBufferBytes);
            }

            if (mark != 0)
            {
                opened.SetMark(mark);
            }

            log.Listening(opened.Port, opened.IsDualStack);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
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
    private static IEnumerable<Counter> Count(string direction, DirectionCounters counters)
    {
        yield return new Counter($"{direction}_packets", counters.Packets);
        for (var drop = Drop.None + 1; (int)drop < Drops.Count; drop++)
        {
            if (counters[drop] is > 0 and var count)
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
            ApplyToSocket(update.ListenPort ?? socket.Port, update.Fwmark ?? mark);
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
    private void ApplyToSocket(ushort port, uint newMark)
    {
        if (port != socket.Port)
        {
            var next = OpenSocket(port, newMark, log);
            loops.Dispose();
            prober.Use(new UdpProbeTransport(next, newMark));
            socket.Dispose();
            socket = next;
            loops = StartLoops();
        }
        else if (newMark != mark)
        {
            socket.SetMark(newMark);
            prober.Use(new UdpProbeTransport(socket, newMark));
        }

        mark = newMark;
    }

    private PacketLoops StartLoops() =>
        new(tun, socket, new Outbound(peers, outCounters), new Inbound(peers, inCounters), Lose);

    private void Lose(int errno)
    {
        log.InterfaceLost(errno);
        onInterfaceLost(errno);
    }
}
