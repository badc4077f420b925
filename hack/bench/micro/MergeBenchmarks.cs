using BenchmarkDotNet.Attributes;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Packets;

namespace CniTun.Bench;

/// <summary>Checks 44 packets of one TCP stream that came as one message, and joins them into one superpacket.</summary>
public class MergeBenchmarks : IPacketWriter
{
    private readonly PinnedBuffer message;
    private readonly byte[] head;
    private readonly int datagramBytes;
    private readonly Inbound core;

    public MergeBenchmarks()
    {
        datagramBytes = Sample.TcpHeaderBytes + Sample.SegmentBytes;
        message = new PinnedBuffer(Sample.Segments * datagramBytes);
        for (var i = 0; i < Sample.Segments; i++)
        {
            Sample.Tcp(Sample.SegmentBytes, sequence: 1 + (i * Sample.SegmentBytes)).CopyTo(message.Span(i * datagramBytes, datagramBytes));
        }

        head = message.Span(0, Sample.TcpHeaderBytes).ToArray();
        core = new Inbound(Sample.TwoPeers(), new DirectionCounters(), this);
    }

    [Benchmark]
    public void MergeTcp()
    {
        // Joining changes the first header.
        head.CopyTo(message.Span(0, head.Length));
        core.Receive(message.Piece(0, message.Length), datagramBytes, Sample.LeftEndpoint, trafficClass: 0);
        core.Flush();
    }

    public int Write(PieceList pieces) => pieces.Count == Sample.Segments + 1 ? pieces.Count : throw new InvalidOperationException("not joined");
}
