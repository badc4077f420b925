using System.Diagnostics;
using CniTun.Addresses;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>Decides about datagrams from the network, every byte of which may be hostile. Does no I/O; belongs to one thread.</summary>
/// <remarks>
/// The first byte tells the format. 0x4_ and 0x6_ are a raw IP packet, 0x80 and above a probe; every other one is dropped.
/// A sender is known by its address alone, which anybody on the underlay can forge: hence a peer is never followed to a
/// new endpoint (no roaming), and nothing that a datagram says changes where we send.
/// </remarks>
public sealed class Inbound(CurrentPeers peers, DirectionCounters counters)
{
    /// <summary>Decides about one datagram.</summary>
    /// <param name="datagram">What was received.</param>
    /// <param name="source">The sender; an IPv4 address never in its mapped form.</param>
    /// <param name="packet">A part of the datagram, to be written to the TUN; empty if the datagram was dropped.</param>
    /// <returns>False if it was dropped, which is then counted.</returns>
    public bool TryReceive(ReadOnlySpan<byte> datagram, in IpEndpoint source, out ReadOnlySpan<byte> packet)
    {
        var drop = Check(datagram, source, out packet);
        if (drop != Drop.None)
        {
            counters.Add(drop);
        }

        return drop == Drop.None;
    }

    /// <summary>Judges a datagram that begins like a probe.</summary>
    /// <param name="datagram">What was received.</param>
    /// <param name="source">The sender, whom a reply goes to.</param>
    /// <param name="reply">At least <see cref="ProbeMessage.HeaderBytes"/>.</param>
    /// <returns>How many bytes of the reply to send; 0 for none.</returns>
    public int ReceiveProbe(ReadOnlySpan<byte> datagram, in IpEndpoint source, Span<byte> reply)
    {
        if (peers.Table.FindBySource(source) is not { } peer)
        {
            counters.Add(Drop.UnknownSource);
            return 0;
        }

        var outcome = ProbeResponder.Receive(datagram, peer.Path, Stopwatch.GetTimestamp(), reply, out var replyBytes);
        if (outcome is ProbeOutcome.Malformed or ProbeOutcome.Unexpected)
        {
            counters.Add(Drop.UnknownFormat);
        }

        return replyBytes;
    }

    /// <summary>Counts how writing a packet to the TUN ended.</summary>
    /// <param name="result">What the system call returned: a length, or a negated errno.</param>
    public void Delivered(int result) => counters.Add(Drops.FromResult(result));

    /// <summary>Counts a datagram that the socket lost.</summary>
    /// <param name="result">The negated errno of the receive.</param>
    public void ReceiveFailed(int result) => counters.Add(Drops.FromResult(result));

    private Drop Check(ReadOnlySpan<byte> datagram, in IpEndpoint source, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        var table = peers.Table;
        if (table.FindBySource(source) is not { } peer)
        {
            return Drop.UnknownSource;
        }

        var drop = IpPacket.TryParse(datagram, out var inner);
        if (drop != Drop.None)
        {
            return drop == Drop.NotIp ? Drop.UnknownFormat : drop;
        }

        if (table.FindByAddress(inner.Source) != peer)
        {
            return Drop.SpoofedSource;
        }

        peer.Traffic.AddReceived(datagram.Length);
        packet = inner.Bytes;
        return Drop.None;
    }
}
