using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>The node that sends: packets go in as they are read from a TUN, datagrams come out.</summary>
internal sealed class LeftNode : IDisposable
{
    public const string RightOuter = "192.0.2.2:6080";

    private readonly GuardedMemory memory = new(200);
    private readonly Outbound core;

    public LeftNode()
    {
        Peers = Sample.Current(
            Sample.Peer(2, RightOuter, "10.2.0.0/16", "fd02::/16"),
            Sample.Peer(3, null, "10.3.0.0/16"),
            Sample.Peer(4, "192.0.2.4:6080", "10.4.0.0/16", "fd04::/16"));
        core = new Outbound(Peers, Counters, Sender);
    }

    public CurrentPeers Peers { get; }

    public DirectionCounters Counters { get; } = new();

    public RecordingSender Sender { get; } = new();

    public IReadOnlyList<SentTrain> Trains => Sender.Trains;

    public IEnumerable<byte[]> Datagrams => Trains.SelectMany(train => train.Datagrams);

    public long Counted => Enumerable.Range(0, Drops.Count).Sum(drop => Counters[(Drop)drop]);

    /// <summary>Forwards what one round reads, each with its virtio header.</summary>
    public void Forward(params IEnumerable<byte[]> reads)
    {
        foreach (var read in reads)
        {
            core.Forward(memory.Place(read));
        }

        core.Flush();
        memory.CheckAndClear();
    }

    /// <summary>Forwards finished packets in one round.</summary>
    public void Forward(params IEnumerable<InnerPacket> packets) => Forward(packets.Select(packet => packet.ToRead()));

    public void Dispose() => memory.Dispose();
}
