using CniTun.Addresses;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>The node that receives: messages go in as a socket gives them, writes to a TUN come out.</summary>
internal sealed class RightNode : IDisposable
{
    public const string LeftOuter = "192.0.2.1:6080";
    public const string OtherOuter = "192.0.2.4:6080";

    private readonly GuardedMemory memory = new(200);
    private readonly Inbound core;

    public RightNode(bool mergesTcp = true, bool mergesUdp = true) => core = new Inbound(Peers, Counters, Writer) { MergesTcp = mergesTcp, MergesUdp = mergesUdp };

    public CurrentPeers Peers { get; } = Sample.Current(
        Sample.Peer(1, LeftOuter, "10.1.0.0/16", "fd01::/16"),
        Sample.Peer(4, OtherOuter, "10.4.0.0/16"));

    public DirectionCounters Counters { get; } = new();

    public RecordingWriter Writer { get; } = new();

    public List<byte[]> Writes => Writer.Writes;

    /// <summary>Gets the packets that the kernel makes of all writes.</summary>
    public IEnumerable<byte[]> Packets => Writes.SelectMany(write => ReferenceKernel.Process(write));

    public long Counted => Enumerable.Range(0, Drops.Count).Sum(drop => Counters[(Drop)drop]);

    /// <summary>Gets a value indicating whether a flush is due before more is taken.</summary>
    public bool IsFull => memory.IsFull;

    /// <summary>Takes one message without ending the round.</summary>
    public void Take(ReadOnlySpan<byte> message, int segmentBytes = 0, byte trafficClass = 0, string source = LeftOuter) =>
        core.Receive(memory.Place(message), segmentBytes, IpEndpoint.Parse(source), trafficClass);

    public void Flush()
    {
        core.Flush();
        memory.CheckAndClear();
        Assert.All(Writes, write => Assert.Null(ReferenceKernel.Fault(write)));
    }

    /// <summary>Takes datagrams that come one by one in one round.</summary>
    public void Receive(params IEnumerable<byte[]> datagrams)
    {
        foreach (var datagram in datagrams)
        {
            Take(datagram);
        }

        Flush();
    }

    /// <summary>Takes packets that come one by one in one round.</summary>
    public void Receive(params IEnumerable<InnerPacket> packets) => Receive(packets.Select(packet => packet.ToArray()));

    public void Dispose() => memory.Dispose();
}
