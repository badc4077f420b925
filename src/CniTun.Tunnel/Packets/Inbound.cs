using System.Diagnostics;
using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>Decides about datagrams from the network, every byte of which may be hostile. Does no I/O; belongs to one thread.</summary>
/// <remarks>
/// The first byte tells the format. 0x4_ and 0x6_ are a raw IP packet; 0x00 is GUE variant 0, whose four bytes are taken off;
/// 0x80 and above is a probe. Every other one is dropped.
/// A sender is known by its address alone, which anybody on the underlay can forge: hence a peer is never followed to a
/// new endpoint (no roaming), and nothing that a datagram says changes where we send.
/// </remarks>
public sealed class Inbound
{
    private readonly CurrentPeers peers;
    private readonly DirectionCounters counters;
    private readonly Merger merger;
    private readonly IReplySender? replies;
    private readonly byte[] reply = new byte[ProbeMessage.HeaderBytes];

    // The owner of the inner source that was looked up last: most packets come from where the one before came from.
    private PeerTable lastTable = PeerTable.Empty;
    private IpAddress lastSource;
    private Peer? lastOwner;

    /// <param name="peers">All peers.</param>
    /// <param name="counters">Written by this core's thread alone.</param>
    /// <param name="writer">Takes what is to be written to the TUN.</param>
    /// <param name="replies">Takes answers to probes; without it none is given.</param>
    public Inbound(CurrentPeers peers, DirectionCounters counters, IPacketWriter writer, IReplySender? replies = null)
    {
        this.replies = replies;
        this.peers = peers;
        this.counters = counters;
        merger = new Merger(writer, counters);
    }

    /// <summary>Gets a value indicating whether TCP packets become superpackets of the TUN.</summary>
    public bool MergesTcp
    {
        get => merger.MergesTcp;
        init => merger.MergesTcp = value;
    }

    /// <summary>Gets a value indicating whether UDP packets do.</summary>
    public bool MergesUdp
    {
        get => merger.MergesUdp;
        init => merger.MergesUdp = value;
    }

    /// <summary>Gets who is told, on the packet thread, when the kernel refuses a merged packet: of TCP, or else of UDP. It is merged no more then.</summary>
    public Action<bool>? OnMergeRefused
    {
        get => merger.OnRefused;
        init => merger.OnRefused = value;
    }

    /// <summary>Decides about what came in one message: each packet is written now or with the next <see cref="Flush"/>, or counted as dropped.</summary>
    /// <param name="message">One datagram or several; changed in place, and not to be touched before the next flush.</param>
    /// <param name="segmentBytes">How long each datagram is but the last; 0 if there is only one.</param>
    /// <param name="source">The sender; an IPv4 address never in its mapped form.</param>
    /// <param name="trafficClass">DSCP and ECN of the outer header.</param>
    public void Receive(MemoryPiece message, int segmentBytes, in IpEndpoint source, byte trafficClass)
    {
        var table = peers.Table;
        var step = segmentBytes > 0 ? segmentBytes : Math.Max(1, (int)message.Length);
        if (table.FindBySource(source) is not { } peer)
        {
            counters.Add(Drop.UnknownSource, Math.Max(1, ((int)message.Length + step - 1) / step));
            return;
        }

        // A mark of the underlay may change a packet, so that none may go unseen.
        var mayContinue = !Ecn.MayChange(trafficClass);
        var accepted = 0;
        var offset = 0;
        do
        {
            var datagram = new MemoryPiece(message.Address + offset, Math.Min(step, (int)message.Length - offset));
            offset += step;
            if (mayContinue && merger.TryContinue(datagram, peer))
            {
                accepted += (int)datagram.Length;
                continue;
            }

            if (ProbeMessage.IsProbe(datagram.Length > 0 ? datagram.Span[0] : (byte)0))
            {
                ReceiveProbe(datagram.Span, peer, source);
                continue;
            }

            var drop = Check(datagram, table, peer, trafficClass, out var packet);
            if (drop == Drop.None)
            {
                accepted += (int)datagram.Length;
                merger.Add(packet, peer);
            }
            else
            {
                counters.Add(drop);
            }
        }
        while (offset < message.Length);

        peer.Traffic.AddReceived(accepted);
    }

    /// <summary>Writes what has gathered.</summary>
    public void Flush() => merger.Flush();

    /// <summary>Counts a message that the socket lost, wholly or its end.</summary>
    public void ReceiveFailed(Drop drop) => counters.Add(drop);

    private void ReceiveProbe(ReadOnlySpan<byte> datagram, Peer peer, in IpEndpoint source)
    {
        var outcome = ProbeResponder.Receive(datagram, peer.Path, Stopwatch.GetTimestamp(), reply, out var replyBytes);
        if (outcome is ProbeOutcome.Malformed or ProbeOutcome.Unexpected)
        {
            counters.Add(Drop.UnknownFormat);
        }
        else if (replyBytes > 0)
        {
            replies?.Reply(reply.AsSpan(0, replyBytes), source);
        }
    }

    private Drop Check(MemoryPiece datagram, PeerTable table, Peer peer, byte trafficClass, out MemoryPiece packet)
    {
        packet = GueHeader.Strip(datagram);
        var drop = IpPacket.TryParse(packet.Span, out var inner);
        if (drop != Drop.None)
        {
            return drop == Drop.NotIp ? Drop.UnknownFormat : drop;
        }

        if (OwnerOf(inner.Source, table) != peer)
        {
            return Drop.SpoofedSource;
        }

        packet = packet with { Length = inner.Bytes.Length };
        return Ecn.Decapsulate(packet.Span, trafficClass);
    }

    private Peer? OwnerOf(IpAddress source, PeerTable table)
    {
        if (source != lastSource || table != lastTable)
        {
            lastOwner = table.FindByAddress(source);
            lastSource = source;
            lastTable = table;
        }

        return lastOwner;
    }
}
