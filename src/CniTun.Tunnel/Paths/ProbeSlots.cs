namespace CniTun.Tunnel.Paths;

/// <summary>
/// The last probes to one peer: the prober writes what it sends and picks up what was answered, packet threads write the answers. Nobody
/// waits for anybody.
/// </summary>
internal sealed class ProbeSlots
{
    private const int Count = 8;
    private readonly Slot[] slots = new Slot[Count];

    // Which slots were answered, one bit each, so that a look for answers is one read.
    private int answered;

    /// <summary>Makes room for a probe, in place of one that was sent eight probes before. To be called before it is sent.</summary>
    public void Begin(in ProbeMessage request)
    {
        var index = (int)(request.Sequence % Count);
        ref var slot = ref slots[index];

        // An answer to the probe before is not to be taken for one to this: closed first, opened last.
        Volatile.Write(ref slot.Token, 0);
        Interlocked.And(ref answered, ~(1 << index));
        slot.Sequence = request.Sequence;
        slot.PayloadBytes = request.PayloadBytes;
        slot.SentAt = request.Timestamp;
        Volatile.Write(ref slot.Token, request.Token);
    }

    /// <summary>Writes an answer down, once for each probe.</summary>
    /// <param name="reply">A reply, as it came.</param>
    /// <param name="timestamp">When it came.</param>
    /// <returns>False if no such probe is out.</returns>
    public bool TryRecord(in ProbeMessage reply, long timestamp)
    {
        var index = (int)(reply.Sequence % Count);
        ref var slot = ref slots[index];
        if (reply.Token == 0
            || Volatile.Read(ref slot.Token) != reply.Token
            || slot.Sequence != reply.Sequence
            || slot.PayloadBytes != reply.PayloadBytes
            || Interlocked.CompareExchange(ref slot.Token, 0, reply.Token) != reply.Token)
        {
            return false;
        }

        Volatile.Write(ref slot.AnsweredAt, timestamp);
        Volatile.Write(ref slot.AnsweredSequence, reply.Sequence);
        Interlocked.Or(ref answered, 1 << index);
        return true;
    }

    /// <summary>Takes one answer that was written down.</summary>
    /// <param name="payloadBytes">Of the probe that was answered.</param>
    /// <param name="roundTrip">In the units of the timestamps.</param>
    public bool TryTake(out int payloadBytes, out long roundTrip)
    {
        for (var ready = Volatile.Read(ref answered); ready != 0; ready = Volatile.Read(ref answered))
        {
            var index = int.TrailingZeroCount(ready);
            Interlocked.And(ref answered, ~(1 << index));
            ref var slot = ref slots[index];
            payloadBytes = slot.PayloadBytes;
            roundTrip = Volatile.Read(ref slot.AnsweredAt) - slot.SentAt;

            // A packet thread that slept over a whole round of slots speaks of the probe before.
            if (Volatile.Read(ref slot.AnsweredSequence) == slot.Sequence && roundTrip >= 0)
            {
                return true;
            }
        }

        payloadBytes = 0;
        roundTrip = 0;
        return false;
    }

    private struct Slot
    {
        /// <summary>0 while no answer is taken.</summary>
        public ulong Token;
        public uint Sequence;
        public int PayloadBytes;
        public long SentAt;
        public long AnsweredAt;
        public uint AnsweredSequence;
    }
}
