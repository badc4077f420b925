using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Probing;

/// <summary>Which peer is probed when. Belongs to the prober's thread; does no I/O of its own.</summary>
internal sealed class ProbeSchedule
{
    /// <summary>The most probes a second over all peers; a search sends about ten.</summary>
    private const int ProbesPerSecond = 100;
    private const int Burst = 20;

    // Idle paths are looked at this often, or ten of them a second where they are many.
    private const long IdleMilliseconds = 5000;
    private const long IdleMillisecondsPerPeer = 100;

    private readonly AnswerBudget budget = new(ProbesPerSecond, Burst);
    private readonly byte[] datagram = GC.AllocateUninitializedArray<byte>(ProbeMessage.MaxPayloadBytes);
    private readonly ProbeBell bell;
    private PeerTable table = PeerTable.Empty;
    private PeerProbe[] probes = [];

    /// <param name="bell">What packet threads ring when there is something to take.</param>
    public ProbeSchedule(ProbeBell bell) => this.bell = bell;

    /// <summary>Does what is due.</summary>
    /// <param name="current">The peers of the moment.</param>
    /// <param name="transport">Takes the probes.</param>
    /// <param name="timestamp">Now, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> says it.</param>
    /// <returns>In how many milliseconds there is something to do again, if nothing happens before; not above a minute.</returns>
    public long Run(PeerTable current, IProbeTransport transport, long timestamp)
    {
        if (current != table)
        {
            Take(current);
        }

        var now = PeerProbe.ToMilliseconds(timestamp);
        var wakeAt = now + 60_000;
        var idle = Math.Max(IdleMilliseconds, probes.Length * IdleMillisecondsPerPeer);
        foreach (var probe in probes)
        {
            wakeAt = Math.Min(wakeAt, probe.Step(transport, budget, idle, timestamp, datagram));
        }

        return Math.Max(0, wakeAt - now);
    }

    /// <summary>Goes on with the paths that stay.</summary>
    private void Take(PeerTable next)
    {
        var known = probes.ToDictionary(probe => probe.Path);
        var all = new List<PeerProbe>();
        foreach (var peer in next.Peers)
        {
            if (peer.Endpoint is { } endpoint)
            {
                all.Add(known.GetValueOrDefault(peer.Path) ?? new PeerProbe(endpoint, peer.Path));
                peer.Path.Attach(bell);
            }
        }

        probes = [.. all];
        table = next;
    }
}
