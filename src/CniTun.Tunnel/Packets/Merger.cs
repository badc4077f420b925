using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Merges the packets of one round into superpackets, flow by flow. Packets of one flow are written in the order in which they
/// came. Belongs to one thread.
/// </summary>
internal sealed class Merger(IPacketWriter writer, DirectionCounters counters)
{
    private const int MaxGroups = 16;

    private readonly MergeGroup[] groups = [.. Enumerable.Range(0, MaxGroups).Select(_ => new MergeGroup())];
    private readonly PieceList alone = new(3);
    private readonly PinnedBuffer noOffload = NoOffload();
    private int count;

    // The group that the last packet went to: in a message of many datagrams the next one most likely goes there, too.
    private MergeGroup? current;

    /// <summary>Gets or sets a value indicating whether TCP is merged.</summary>
    public bool MergesTcp { get; set; } = true;

    /// <summary>Gets or sets a value indicating whether UDP is merged, which the kernel takes since Linux 6.2.</summary>
    public bool MergesUdp { get; set; } = true;

    /// <summary>Gets or sets who is told when the kernel refuses a merged packet: of TCP, or else of UDP.</summary>
    public Action<bool>? OnRefused { get; set; }

    /// <summary>Takes a datagram if it is one packet, and the very next one of the flow before it, which was checked.</summary>
    /// <param name="datagram">Any bytes, not to be touched before the next flush.</param>
    /// <param name="peer">Whom it came from.</param>
    /// <returns>False if it has to be looked at.</returns>
    public bool TryContinue(MemoryPiece datagram, Peer peer) => current is { } group && group.Peer == peer && group.TryAdd(datagram);

    /// <summary>Takes a packet, which is written now or with the next <see cref="Flush"/>.</summary>
    /// <param name="bytes">A packet that <see cref="IpPacket.TryParse"/> accepted, not to be touched before the next flush.</param>
    /// <param name="peer">Whom it came from.</param>
    public void Add(MemoryPiece bytes, Peer peer)
    {
        var kind = MergeCandidate.Classify(bytes, out var packet);
        if (kind == MergeKind.AfterAll)
        {
            Flush();
            WriteAlone(bytes);
        }
        else if (kind == MergeKind.Merged && (packet.IsTcp ? MergesTcp : MergesUdp))
        {
            Merge(packet, peer);
        }
        else
        {
            FlushFlow(packet);
            WriteAlone(bytes);
        }
    }

    /// <summary>Writes everything.</summary>
    public void Flush()
    {
        for (var i = 0; i < count; i++)
        {
            Write(groups[i]);
        }

        count = 0;
        current = null;
    }

    private void Merge(in MergeCandidate packet, Peer peer)
    {
        if (GroupOf(packet) is not { } group)
        {
            if (count == MaxGroups)
            {
                Flush();
            }

            group = groups[count++];
            group.Begin(packet, peer);
        }
        else if (group.Peer != peer || !group.TryAdd(packet.Bytes))
        {
            Write(group);
            group.Begin(packet, peer);
        }

        current = group;
    }

    private void FlushFlow(in MergeCandidate packet)
    {
        if (GroupOf(packet) is { } group)
        {
            Write(group);
            current = null;

            // The last group takes its place.
            var at = groups.AsSpan(0, count).IndexOf(group);
            count--;
            (groups[at], groups[count]) = (groups[count], groups[at]);
        }
    }

    /// <remarks>Of whichever peer: in a new table the same one is another object, and the flow is still to stay in order.</remarks>
    private MergeGroup? GroupOf(in MergeCandidate packet)
    {
        foreach (var group in groups.AsSpan(0, count))
        {
            if (group.IsOf(packet))
            {
                return group;
            }
        }

        return null;
    }

    private static PinnedBuffer NoOffload()
    {
        var buffer = new PinnedBuffer(VirtioHeader.Bytes);
        buffer.Span(0, VirtioHeader.Bytes).Clear();
        return buffer;
    }

    private void Write(MergeGroup group)
    {
        var result = writer.Write(group.Finish());
        counters.Add(Drops.FromResult(result), group.Segments);
        if (result == -Errno.EINVAL && group.Segments > 1)
        {
            // What was tried at start works no more, or not for this kind of packet: the next ones go alone.
            MergesTcp &= !group.IsTcp;
            MergesUdp &= group.IsTcp;
            OnRefused?.Invoke(group.IsTcp);
        }
    }

    private void WriteAlone(MemoryPiece bytes)
    {
        alone.Clear();
        alone.Add(noOffload.Piece(0, VirtioHeader.Bytes));
        alone.Add(bytes);
        counters.Add(Drops.FromResult(writer.Write(alone)));
    }
}
