using System.Diagnostics;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Probing;

/// <summary>The thread that probes the paths to all peers. Sleeps until a probe is due or something happens; packets never wait for it.</summary>
internal sealed class Prober : IDisposable
{
    private const int StackBytes = 256 << 10;
    private readonly CurrentPeers peers;
    private readonly ProbeBell bell = new();
    private readonly Lock gate = new();
    private readonly Thread thread;
    private IProbeTransport transport;
    private bool stopping;

    /// <param name="peers">Read at each look.</param>
    /// <param name="transport">As of <see cref="Use"/>.</param>
    public Prober(CurrentPeers peers, IProbeTransport transport)
    {
        this.peers = peers;
        this.transport = transport;
        thread = new Thread(Run, StackBytes) { Name = "prober", IsBackground = true };
        thread.Start();
    }

    /// <summary>Has probes leave another way. When this returns, the one before is no longer in use.</summary>
    public void Use(IProbeTransport next)
    {
        lock (gate)
        {
            transport = next;
        }
    }

    /// <summary>Has it look at the peers, which have changed.</summary>
    public void LookAgain() => bell.Ring();

    /// <summary>Returns when the thread has ended. Not to be called before the packet threads have: they ring its bell.</summary>
    public void Dispose()
    {
        Volatile.Write(ref stopping, true);
        bell.Ring();
        thread.Join();
        bell.Dispose();
    }

    private void Run()
    {
        var schedule = new ProbeSchedule(bell);
        while (!Volatile.Read(ref stopping))
        {
            long pause;
            lock (gate)
            {
                pause = schedule.Run(peers.Table, transport, Stopwatch.GetTimestamp());
            }

            bell.Wait(pause);
        }
    }
}
