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
    private readonly PinnedBuffer fragments = new(ushort.MaxValue);
    private readonly byte[] segment = GC.AllocateUninitializedArray<byte>(ushort.MaxValue);
    private int fragmentBytes;

    /// <summary>Takes care of one packet.</summary>
    /// <param name="packet">Finished.</param>
    /// <param name="peer">With an endpoint.</param>
    /// <returns><see cref="Drop.None"/> if it went in fragments.</returns>
    public Drop Handle(in IpPacket packet, Peer peer)
    {
        var maxBytes = peer.Path.MaxPacketBytes;
        if (!TryFragment(packet.Bytes, maxBytes, packet.TrafficClass, peer))
        {
            return Refuse(packet, maxBytes);
        }

        Flush();
        return Drop.None;
    }

    /// <summary>Takes care of a superpacket whose segments are too long: each goes in fragments, as if its sender had cut it.</summary>
    /// <inheritdoc cref="Handle(in IpPacket, Peer)"/>
    public Drop Handle(in IpPacket packet, in Superpacket how, Peer peer)
    {
        var maxBytes = peer.Path.MaxPacketBytes;
        if (packet.MustNotBeFragmented)
        {
            return Refuse(packet, maxBytes);
        }

        // What keeps a segment from being fragmented lies in the header, so that it keeps the first.
        for (var index = 0; Segmenter.Copy(packet, how, index, segment) is > 0 and var length; index++)
        {
            if (!TryFragment(segment.AsSpan(0, length), maxBytes, packet.TrafficClass, peer))
            {
                return Refuse(packet, maxBytes);
            }
        }

        Flush();
        return Drop.None;
    }

    private bool TryFragment(ReadOnlySpan<byte> packet, int maxBytes, byte trafficClass, Peer peer)
    {
        if (!IPv4Fragmenter.TryBegin(packet, maxBytes, out var fragmenter))
        {
            return false;
        }

        while (!fragmenter.IsDone)
        {
            if (fragments.Length - fragmentBytes < Math.Min(packet.Length, maxBytes))
            {
                Flush();
            }

            var length = fragmenter.Next(fragments.Span(fragmentBytes, fragments.Length - fragmentBytes));
            trains.For(peer, trafficClass, length, newHeaderBytes: 0).Add(fragments.Piece(fragmentBytes, length));
            fragmentBytes += length;
        }

        return true;
    }

    /// <summary>Sends the fragments, after which their memory is free.</summary>
    private void Flush()
    {
        trains.Flush();
        fragmentBytes = 0;
    }

    private Drop Refuse(in IpPacket packet, int maxBytes)
    {
        if (answers is not null && budget.TryTake(Stopwatch.GetTimestamp()))
        {
            Tell(packet, maxBytes);
        }

        return Drop.TooBig;
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
