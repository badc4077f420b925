using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>Decides about packets that the kernel routed into the TUN. Does no I/O; belongs to one thread.</summary>
/// <remarks>
/// In plain mode the wire format is the packet itself as the payload of a UDP datagram (flannel udp, FOU, GUE variant 1), so
/// a packet is sent from where it was read. The loop leaves <see cref="HeadroomBytes"/> before each packet for formats that
/// put a header there.
/// </remarks>
public sealed class Outbound(CurrentPeers peers, DirectionCounters counters)
{
    /// <summary>What any format may put before a packet; WireGuard's 16 bytes are the longest of those that we know.</summary>
    public const int HeadroomBytes = 16;

    /// <summary>Decides about one packet: adds to the batch what is to be sent for it, or counts why nothing is.</summary>
    /// <param name="buffer">The loop's buffer.</param>
    /// <param name="offset">Where the packet begins in it, at least <see cref="HeadroomBytes"/> behind anything else.</param>
    /// <param name="length">How many bytes were read.</param>
    /// <param name="batch">Not full.</param>
    public void Forward(ReadOnlySpan<byte> buffer, int offset, int length, SendBatch batch)
    {
        var drop = IpPacket.TryParse(buffer.Slice(offset, length), out var packet);
        if (drop != Drop.None)
        {
            counters.Add(drop);
            return;
        }

        if (peers.Table.FindByAddress(packet.Destination) is not { } peer)
        {
            counters.Add(Drop.NoPeer);
            return;
        }

        if (peer.Endpoint is null)
        {
            counters.Add(Drop.NoEndpoint);
            return;
        }

        batch.Add(new Send(peer, offset, packet.Bytes.Length));
    }

    /// <summary>Counts how a send ended.</summary>
    /// <param name="send">From the batch.</param>
    /// <param name="result">What the system call returned: a length, or a negated errno.</param>
    public void Sent(in Send send, int result)
    {
        var drop = Drops.FromResult(result);
        counters.Add(drop);
        if (drop == Drop.None)
        {
            send.Peer.Traffic.AddSent(send.Length);
        }
        else if (drop == Drop.TooBig)
        {
            send.Peer.Path.SendRefused(send.Length);
        }
    }
}
