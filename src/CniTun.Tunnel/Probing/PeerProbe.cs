using System.Diagnostics;
using System.Runtime.InteropServices;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Paths;

namespace CniTun.Tunnel.Probing;

/// <summary>The probing of one path: joins the search with the path that packet threads see and the transport. Belongs to the prober's thread.</summary>
internal sealed class PeerProbe(IpEndpoint endpoint, PeerPath path)
{
    /// <summary>What is taken while no route leads to the peer: the usual MTU of Ethernet.</summary>
    private const int DefaultMtuBytes = 1500;

    // How often the route is asked for at most, and at least.
    private const long RouteHasteMilliseconds = 2000;
    private const long RouteAgeMilliseconds = 30_000;

    // How soon after a probe another may be sent because the peer was heard, which it can bring about as often as it likes.
    private const long HearingMilliseconds = 1000;

    private static readonly long TicksPerMillisecond = Stopwatch.Frequency / 1000;

    private readonly int overheadBytes = PeerPath.OverheadBytes(path.IsIPv6);
    private PathMtuSearch? search;
    private bool routeIsInDoubt;
    private long routeReadAt;
    private long sentAt;
    private uint sequence;

    public PeerPath Path => path;

    /// <summary>Makes the timestamps of probes into the search's time.</summary>
    public static long ToMilliseconds(long timestamp) => timestamp / TicksPerMillisecond;

    /// <summary>Does what is due.</summary>
    /// <param name="transport">Takes the probe.</param>
    /// <param name="budget">Asked before each probe.</param>
    /// <param name="idleMilliseconds">How long a path that is settled is left alone, on average.</param>
    /// <param name="timestamp">Now, as <see cref="Stopwatch.GetTimestamp"/> says it.</param>
    /// <param name="datagram">Room for the longest probe.</param>
    /// <returns>When there is something to do again, in milliseconds, if nothing happens before.</returns>
    public long Step(IProbeTransport transport, AnswerBudget budget, long idleMilliseconds, long timestamp, Span<byte> datagram)
    {
        var now = ToMilliseconds(timestamp);
        if (search is null)
        {
            search = new PathMtuSearch(path.IsIPv6, DefaultMtuBytes) { IdleMilliseconds = idleMilliseconds };
            ReadRoute(search, transport, now);
        }

        var changed = TakeReports(search, now);
        var routeIsDueAt = routeReadAt + (routeIsInDoubt ? RouteHasteMilliseconds : RouteAgeMilliseconds);
        if (now >= routeIsDueAt)
        {
            changed = true;
            ReadRoute(search, transport, now);
            routeIsDueAt = now + RouteAgeMilliseconds;
        }

        var wakeAt = search.WakeAt;
        if (wakeAt <= now)
        {
            if (!budget.TryTake(timestamp))
            {
                wakeAt = now + 1;
            }
            else
            {
                changed = true;
                Send(search, transport, idleMilliseconds, timestamp, datagram);
                wakeAt = search.WakeAt;
            }
        }

        if (changed)
        {
            path.Publish(search);
        }

        // A route that is merely old is read when a probe is due anyway.
        return routeIsInDoubt ? Math.Min(wakeAt, routeIsDueAt) : wakeAt;
    }

    /// <returns>Whether packet threads had anything to say.</returns>
    private bool TakeReports(PathMtuSearch known, long now)
    {
        var any = false;
        while (path.Probes.TryTake(out var payloadBytes, out var roundTrip))
        {
            any = true;
            known.Answered(payloadBytes + overheadBytes, roundTrip * 1000 / TicksPerMillisecond, now);
        }

        if (path.TakeRefused() is > 0 and var refused)
        {
            any = true;
            routeIsInDoubt = true;
            known.Refused(refused, now);
        }

        if (path.TakeHeard() && now - sentAt >= HearingMilliseconds)
        {
            known.LookAgain(now);
        }

        return any;
    }

    private void ReadRoute(PathMtuSearch known, IProbeTransport transport, long now)
    {
        routeIsInDoubt = false;
        routeReadAt = now;
        if (transport.RouteMtuBytes(endpoint.Address) is > 0 and var bytes)
        {
            known.SetCeiling(bytes, now);
        }
    }

    private void Send(PathMtuSearch known, IProbeTransport transport, long idleMilliseconds, long timestamp, Span<byte> datagram)
    {
        var token = NewToken();

        // Spread, so that nodes that start together do not stay in step: by a quarter to either side.
        known.IdleMilliseconds = (idleMilliseconds * 3 / 4) + (long)(token % (ulong)Math.Max(1, idleMilliseconds / 2));
        var now = ToMilliseconds(timestamp);
        var bytes = known.Due(now);
        if (bytes == 0)
        {
            return;
        }

        var request = new ProbeMessage(IsReply: false, sequence++, token, timestamp, bytes - overheadBytes);
        path.Probes.Begin(request);
        sentAt = now;
        if (transport.Send(datagram[..request.Write(datagram)], endpoint) == -Errno.EMSGSIZE)
        {
            routeIsInDoubt = true;
            known.Refused(bytes, now);
        }
    }

    /// <remarks>A random GUID has 122 bits that cannot be guessed; the fixed ones of each half meet random ones of the other.</remarks>
    private static ulong NewToken()
    {
        var guid = Guid.NewGuid();
        var halves = MemoryMarshal.Cast<Guid, ulong>(new ReadOnlySpan<Guid>(in guid));
        return Math.Max(1, halves[0] ^ halves[1]);
    }
}
