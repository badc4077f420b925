using System.Diagnostics;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// What happens to a packet that is longer than the path to its peer carries: its sender is told, or, where IPv4 allows it, the
/// packet goes in fragments. Belongs to one thread.
/// </summary>
internal sealed class TooBig(TrainSet trains, IPacketWriter? answers)
{
    private readonly AnswerBudget budget = new();
    private readonly PieceList answer = new(1);
    private readonly PinnedBuffer answerBytes = new(VirtioHeader.Bytes + TooBigAnswer.MaxBytes);
    private readonly PinnedBuffer fragment = new(ushort.MaxValue);

    /// <summary>Takes care of a packet.</summary>
    /// <param name="packet">Whole, or a superpacket whose segments are too long.</param>
    /// <param name="isWhole">
    /// Of a superpacket the sender is told even where IPv4 would allow fragments, for hosts that make superpackets listen. It is no
    /// packet that fragments could be of.
    /// </param>
    /// <param name="peer">With an endpoint.</param>
    /// <returns><see cref="Drop.None"/> if it went in fragments.</returns>
    public Drop Handle(in IpPacket packet, bool isWhole, Peer peer)
    {
        var maxBytes = peer.Path.MaxPacketBytes;
        if (isWhole && !packet.MustNotBeFragmented && IPv4Fragmenter.TryBegin(packet.Bytes, maxBytes, out var fragmenter))
        {
            SendFragments(fragmenter, packet.TrafficClass, peer);
            return Drop.None;
        }

        if (answers is not null && budget.TryTake(Stopwatch.GetTimestamp()))
        {
            Tell(packet, maxBytes);
        }

        return Drop.TooBig;
    }

    /// <remarks>Each fragment is sent before the next is made, since they share the memory: they are rare.</remarks>
    private void SendFragments(IPv4Fragmenter fragmenter, byte trafficClass, Peer peer)
    {
        trains.Flush();
        while (fragmenter.Next(fragment.Span(0, fragment.Length)) is > 0 and var length)
        {
            trains.For(peer, trafficClass, length, newHeaderBytes: 0).Add(fragment.Piece(0, length));
            trains.Flush();
        }
    }

    private void Tell(in IpPacket packet, int maxBytes)
    {
        answerBytes.Span(0, VirtioHeader.Bytes).Clear();
        var length = TooBigAnswer.Build(packet.Bytes, maxBytes, answerBytes.Span(VirtioHeader.Bytes, TooBigAnswer.MaxBytes));
        if (length > 0)
        {
            answer.Clear();
            answer.Add(answerBytes.Piece(0, VirtioHeader.Bytes + length));
            _ = answers!.Write(answer);
        }
    }
}
