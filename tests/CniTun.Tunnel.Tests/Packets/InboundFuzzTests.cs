using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Packets;
using Xunit.Abstractions;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Anything may come from the network. The reference says what inner endpoints are to see of it.</summary>
public sealed class InboundFuzzTests : IDisposable
{
    private const int MostMessages = 60;

    private readonly ITestOutputHelper output;
    private readonly GuardedMemory memory = new(MostMessages);
    private readonly RecordingWriter writer = new();
    private readonly DirectionCounters counters = new();
    private readonly IpEndpoint source = IpEndpoint.Parse("192.0.2.1:6080");
    private readonly Inbound core;
    private long[] counted = new long[Drops.Count];

    public InboundFuzzTests(ITestOutputHelper output)
    {
        this.output = output;
        core = new Inbound(Sample.Current(Sample.Peer(1, "192.0.2.1:6080", "10.1.0.0/16", "fd01::/16")), counters, writer);
    }

    public void Dispose() => memory.Dispose();

    [Fact]
    public void Whatever_comes_is_seen_by_inner_endpoints_as_the_reference_says_or_counted_once_by_its_reason() =>
        output.WriteLine($"{FuzzBudget.Spend(ReceiveRounds)} datagrams");

    private int ReceiveRounds(Random random, int inputs)
    {
        var done = 0;
        while (done < inputs)
        {
            var traffic = new RandomTraffic(random);
            var round = new Round();
            for (var messages = random.Next(1, MostMessages); messages > 0; messages--)
            {
                Receive(random, traffic, round);
            }

            core.Flush();
            memory.CheckAndClear();
            Check(round);
            done += round.Datagrams;
        }

        return done;
    }

    private void Receive(Random random, RandomTraffic traffic, Round round)
    {
        var datagrams = new List<byte[]>();
        for (var count = random.Next(3) == 0 ? random.Next(1, 12) : 1; count > 0; count--)
        {
            datagrams.Add(random.Next(4) == 0 ? traffic.Damage(traffic.Datagram()) : traffic.Datagram());
        }

        // As a socket that merges would do it, or cut anywhere.
        var message = datagrams.SelectMany(datagram => datagram).ToArray();
        var segmentBytes = datagrams.Count == 1 && random.Next(4) != 0 ? 0
            : random.Next(8) == 0 ? random.Next(1, message.Length + 100)
            : datagrams[0].Length;
        var trafficClass = (byte)(random.Next(6) == 0 ? random.Next(256) : 0);
        core.Receive(memory.Place(message), segmentBytes, source, trafficClass);
        foreach (var datagram in segmentBytes > 0 && message.Length > 0 ? message.Chunk(segmentBytes) : [message])
        {
            round.Add(ReferenceNode.Receive(datagram, trafficClass));
        }
    }

    private void Check(Round round)
    {
        ReferenceOrder.AssertSame(round.Packets, writer.Writes);
        writer.Writes.Clear();
        round.Check(counters, ref counted);
    }

    /// <summary>What the reference expects of one round.</summary>
    private sealed class Round
    {
        private readonly long[] drops = new long[Drops.Count];
        private int probes;

        public List<byte[]> Packets { get; } = [];

        public int Datagrams { get; private set; }

        public void Add((Drop? Drop, byte[]? Packet) outcome)
        {
            Datagrams++;
            if (outcome.Drop is { } drop)
            {
                drops[(int)drop]++;
            }
            else
            {
                probes++;
            }

            if (outcome.Packet is { } packet)
            {
                Packets.Add(packet);
            }
        }

        /// <summary>A probe is counted if it is of no format that we know.</summary>
        public void Check(DirectionCounters counters, ref long[] before)
        {
            var now = Enumerable.Range(0, Drops.Count).Select(drop => counters[(Drop)drop]).ToArray();
            for (var drop = 0; drop < Drops.Count; drop++)
            {
                var counted = now[drop] - before[drop];
                var most = drops[drop] + (drop == (int)Drop.UnknownFormat ? probes : 0);
                if (counted < drops[drop] || counted > most)
                {
                    throw new InvalidOperationException($"{(Drop)drop}: {counted} counted instead of {drops[drop]}");
                }
            }

            before = now;
        }
    }
}
