using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Bench;

/// <summary>Cuts one superpacket of TCP into 44 packets, and looks up where they go; and gathers 44 small packets of UDP.</summary>
public class SegmentBenchmarks : ITrainSender
{
    private readonly PinnedBuffer superpacket;
    private readonly PinnedBuffer small;
    private readonly Outbound core;

    public SegmentBenchmarks()
    {
        superpacket = Read(Sample.Tcp(Sample.Segments * Sample.SegmentBytes, sequence: 1), new VirtioHeader
        {
            Flags = VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM,
            GsoType = VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4,
            GsoSize = Sample.SegmentBytes,
            CsumStart = 20,
            CsumOffset = 16,
        });
        small = Read(Sample.Packet(isIPv6: false, payloadBytes: 64), default);
        core = new Outbound(Sample.TwoPeers(), new DirectionCounters(), this);
    }

    [Benchmark]
    public void SegmentTcp()
    {
        core.Forward(superpacket.Piece(0, superpacket.Length));
        core.Flush();
    }

    [Benchmark(OperationsPerInvoke = Sample.Segments)]
    public void GatherSmallPacket()
    {
        for (var i = 0; i < Sample.Segments; i++)
        {
            core.Forward(small.Piece(0, small.Length));
        }

        core.Flush();
    }

    public void Send(ReadOnlySpan<SendTrain> trains)
    {
        foreach (var train in trains)
        {
            train.Completed(train.Segments, 0);
        }
    }

    private static PinnedBuffer Read(byte[] packet, VirtioHeader virtio)
    {
        var buffer = new PinnedBuffer(VirtioHeader.Bytes + packet.Length);
        MemoryMarshal.Write(buffer.Span(0, VirtioHeader.Bytes), virtio);
        packet.CopyTo(buffer.Span(VirtioHeader.Bytes, packet.Length));
        return buffer;
    }
}
