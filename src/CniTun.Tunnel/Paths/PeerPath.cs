using CniTun.Uapi;

namespace CniTun.Tunnel.Paths;

/// <summary>
/// What is known of the path to one peer's endpoint. Outlives every change to the peer but that of its endpoint. Read by any thread;
/// written by the prober, but for what packet threads find out: a size that is refused, and answers to probes.
/// </summary>
public sealed class PeerPath
{
    /// <summary>What the greatest IP packet has, and so what a path carries of which nothing is known.</summary>
    private const int UnlimitedBytes = 65_535;

    private readonly int overheadBytes;
    private int mtuBytes = UnlimitedBytes;
    private int refusedBytes;
    private int wasHeard;
    private int state;
    private long roundTripMicroseconds = -1;
    private long leastRoundTripMicroseconds = -1;
    private int lossPermille = -1;
    private ProbeBell? bell;

    /// <param name="isIPv6">The family of the peer's endpoint.</param>
    public PeerPath(bool isIPv6)
    {
        IsIPv6 = isIPv6;
        overheadBytes = OverheadBytes(isIPv6);
    }

    /// <summary>Gets a value indicating whether the outer packets are IPv6.</summary>
    public bool IsIPv6 { get; }

    /// <summary>Gets the path MTU: the bytes that an outer IP packet may have.</summary>
    public int MtuBytes => Volatile.Read(ref mtuBytes);

    /// <summary>Gets how long a datagram's payload may be, and so in plain mode the packet in it.</summary>
    public int MaxPacketBytes => MtuBytes - overheadBytes;

    public PathState State => (PathState)Volatile.Read(ref state);

    /// <summary>Gets the smoothed round-trip time; -1 if none was measured.</summary>
    public long RoundTripMicroseconds => Volatile.Read(ref roundTripMicroseconds);

    /// <summary>Gets the shortest round-trip time; -1 if none was measured.</summary>
    public long LeastRoundTripMicroseconds => Volatile.Read(ref leastRoundTripMicroseconds);

    /// <summary>Gets how many of 1000 probes were lost lately; -1 if none was sent.</summary>
    public int LossPermille => Volatile.Read(ref lossPermille);

    /// <summary>Gets the probes whose answers are taken.</summary>
    internal ProbeSlots Probes { get; } = new();

    /// <summary>Gets the size of the outer headers: IPv4 (20) or IPv6 (40), and UDP (8).</summary>
    public static int OverheadBytes(bool isIPv6) => PeerState.OverheadBytes(isIPv6);

    /// <summary>
    /// Lowers the path MTU at once: a send of this payload was refused with EMSGSIZE. Cheap enough for every packet; has the prober look
    /// what the path carries.
    /// </summary>
    /// <param name="datagramBytes">The payload's length; of a segmented send that of its longest segment.</param>
    public void SendRefused(int datagramBytes)
    {
        var outer = datagramBytes + overheadBytes;
        if (Lower(ref mtuBytes, outer - 1))
        {
            // 0 stands for none, so that the smallest of several is kept.
            for (var seen = Volatile.Read(ref refusedBytes); seen == 0 || outer < seen;)
            {
                var before = Interlocked.CompareExchange(ref refusedBytes, outer, seen);
                if (before == seen)
                {
                    break;
                }

                seen = before;
            }

            Volatile.Read(ref bell)?.Ring();
        }
    }

    /// <summary>Has answers and refusals ring from now on.</summary>
    internal void Attach(ProbeBell prober) => Volatile.Write(ref bell, prober);

    /// <summary>Takes an answer to a probe.</summary>
    /// <returns>False if nothing of the kind was sent, or it was answered before.</returns>
    internal bool TryRecord(in ProbeMessage reply, long timestamp)
    {
        if (!Probes.TryRecord(reply, timestamp))
        {
            return false;
        }

        Volatile.Read(ref bell)?.Ring();
        return true;
    }

    /// <summary>Takes it that the peer probes us: one that did not answer may have come to life.</summary>
    internal void Hear()
    {
        if (State == PathState.Unanswered && Volatile.Read(ref wasHeard) == 0)
        {
            Volatile.Write(ref wasHeard, 1);
            Volatile.Read(ref bell)?.Ring();
        }
    }

    /// <summary>Tells whether a peer that did not answer was heard since the last call.</summary>
    internal bool TakeHeard() => Interlocked.Exchange(ref wasHeard, 0) != 0;

    /// <summary>Takes the smallest outer size that was refused since the last call.</summary>
    /// <returns>0 if none was.</returns>
    internal int TakeRefused() => Interlocked.Exchange(ref refusedBytes, 0);

    /// <summary>Puts what the search knows in force.</summary>
    internal void Publish(PathMtuSearch search)
    {
        Volatile.Write(ref mtuBytes, search.PathBytes);
        Volatile.Write(ref state, (int)search.State);
        Volatile.Write(ref lossPermille, search.LossPermille);
        if (search.RoundTrip.SmoothedMicroseconds > 0)
        {
            Volatile.Write(ref roundTripMicroseconds, search.RoundTrip.SmoothedMicroseconds);
            Volatile.Write(ref leastRoundTripMicroseconds, search.RoundTrip.LeastMicroseconds);
        }
    }

    /// <returns>Whether it was higher.</returns>
    private static bool Lower(ref int location, int value)
    {
        for (var seen = Volatile.Read(ref location); value < seen;)
        {
            var before = Interlocked.CompareExchange(ref location, value, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }
}
