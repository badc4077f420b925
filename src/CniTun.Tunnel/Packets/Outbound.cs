using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>Decides about packets that the kernel routed into the TUN. Does no I/O; belongs to one thread.</summary>
/// <remarks>
/// In plain mode the wire format is the packet itself as the payload of a UDP datagram (flannel udp, FOU, GUE variant 1). The
/// outer header has the inner one's DSCP and ECN (RFC 6040, normal mode).
/// </remarks>
public sealed class Outbound
{
    private readonly CurrentPeers peers;
    private readonly DirectionCounters counters;
    private readonly TrainSet trains;
    private readonly TooBig tooBig;

    /// <param name="peers">All peers.</param>
    /// <param name="counters">Written by this core's thread alone.</param>
    /// <param name="sender">Takes what is to be sent, when enough has come together and upon <see cref="Flush"/>.</param>
    /// <param name="answers">Takes what the senders of packets are to be told; without it they are told nothing.</param>
    public Outbound(CurrentPeers peers, DirectionCounters counters, ITrainSender sender, IPacketWriter? answers = null)
    {
        this.peers = peers;
        this.counters = counters;
        trains = new TrainSet(sender) { OnSent = CountSent };
        tooBig = new TooBig(trains, answers);
    }

    /// <summary>Decides about one packet: it is on its way now or with the next <see cref="Flush"/>, or counted as dropped.</summary>
    /// <param name="read">A virtio header and the packet. Not to be touched before the next <see cref="Flush"/>.</param>
    public void Forward(MemoryPiece read)
    {
        var drop = Check(read);
        if (drop != Drop.None)
        {
            counters.Add(drop);
        }
    }

    /// <summary>Sends what has gathered.</summary>
    public void Flush() => trains.Flush();

    private Drop Check(MemoryPiece read)
    {
        if (read.Length < VirtioHeader.Bytes)
        {
            return Drop.BadOffload;
        }

        var virtio = MemoryMarshal.Read<VirtioHeader>(read.Span);
        var bytes = new MemoryPiece(read.Address + VirtioHeader.Bytes, read.Length - VirtioHeader.Bytes);
        var drop = IpPacket.TryParse(bytes.Span, out var packet);
        if (drop != Drop.None)
        {
            return drop;
        }

        if (peers.Table.FindByAddress(packet.Destination) is not { } peer)
        {
            return packet.IsMulticast ? Drop.Multicast : Drop.NoPeer;
        }

        if (peer.Endpoint is null)
        {
            return Drop.NoEndpoint;
        }

        bytes = bytes with { Length = packet.Bytes.Length };
        return virtio.GsoType == VirtioHeader.VIRTIO_NET_HDR_GSO_NONE
            ? AddWhole(virtio, bytes, packet, peer)
            : AddSegments(virtio, bytes, packet, peer);
    }

    private Drop AddWhole(in VirtioHeader virtio, MemoryPiece bytes, in IpPacket packet, Peer peer)
    {
        if ((virtio.Flags & VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
        {
            var drop = Superpacket.TryFinishChecksum(virtio, bytes.Span);
            if (drop != Drop.None)
            {
                return drop;
            }
        }

        if (bytes.Length > peer.Path.MaxPacketBytes)
        {
            return tooBig.Handle(packet, peer);
        }

        trains.For(peer, packet.TrafficClass, (int)bytes.Length, newHeaderBytes: 0).Add(bytes);
        return Drop.None;
    }

    private Drop AddSegments(in VirtioHeader virtio, MemoryPiece bytes, in IpPacket packet, Peer peer)
    {
        var drop = Superpacket.TryParse(virtio, packet, out var superpacket);
        if (drop != Drop.None)
        {
            return drop;
        }

        if (superpacket.HeaderBytes + Math.Min(superpacket.SegmentPayloadBytes, packet.Bytes.Length - superpacket.HeaderBytes) > peer.Path.MaxPacketBytes)
        {
            return tooBig.Handle(packet, superpacket, peer);
        }

        Segmenter.Cut(packet, bytes, superpacket, peer, trains);
        return Drop.None;
    }

    private void CountSent(SendTrain train)
    {
        counters.Add(Drop.None, train.SentSegments);
        if (train.SentSegments == train.Segments)
        {
            train.Peer.Traffic.AddSent(train.Bytes);
            return;
        }

        var drop = Drops.FromErrno(train.Errno);
        counters.Add(drop, train.Segments - train.SentSegments);
        if (drop == Drop.TooBig)
        {
            train.Peer.Path.SendRefused(train.SegmentBytes);
        }

        train.Peer.Traffic.AddSent(Math.Min(train.SentSegments * train.SegmentBytes, train.Bytes));
    }
}
