using CniTun.Tunnel.Packets;
using Xunit.Abstractions;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Anything may be read from the TUN. The reference says what is to become of it.</summary>
public sealed class OutboundFuzzTests(ITestOutputHelper output) : IDisposable
{
    private readonly LeftNode left = new();

    public void Dispose() => left.Dispose();

    [Fact]
    public void Whatever_is_read_is_sent_as_the_reference_says_or_counted_once_by_its_reason() =>
        output.WriteLine($"{FuzzBudget.Spend(Forward)} reads");

    private int Forward(Random random, int inputs)
    {
        var done = 0;
        while (done < inputs)
        {
            var traffic = new RandomTraffic(random);
            var reads = new List<byte[]>();
            for (var count = random.Next(1, 30); count > 0; count--)
            {
                reads.Add(Read(random, traffic));
            }

            ForwardRound(reads);
            done += reads.Count;
        }

        return done;
    }

    private static byte[] Read(Random random, RandomTraffic traffic)
    {
        var read = traffic.Read();
        switch (random.Next(6))
        {
            case 0:
                read = traffic.Damage(read, startOfHeaders: 10);
                break;
            case 1:
                traffic.DamageVirtio(read);
                break;
            case 2:
                read = traffic.Damage(read, startOfHeaders: 10);
                traffic.DamageVirtio(read);
                break;
            default:
                break;
        }

        return read;
    }

    private void ForwardRound(List<byte[]> reads)
    {
        var expected = reads.ConvertAll(ReferenceNode.Forward);
        var before = Enumerable.Range(0, Drops.Count).Select(drop => left.Counters[(Drop)drop]).ToArray();
        left.Sender.Trains.Clear();
        left.Sender.Calls.Clear();
        left.Forward(reads);
        for (var drop = Drop.None; (int)drop < Drops.Count; drop++)
        {
            var counted = left.Counters[drop] - before[(int)drop];
            var right = drop == Drop.None ? expected.Sum(read => read.Datagrams.Count) : expected.Count(read => read.Drop == drop);
            if (counted != right)
            {
                throw new InvalidOperationException($"{drop}: {counted} counted instead of {right}");
            }
        }

        AssertTrains();
        foreach (var number in new[] { 2, 4 })
        {
            var peer = left.Peers.Table.Peers[number / 2 == 1 ? 0 : 2];
            AssertSame(
                expected.Where(read => read.Peer == number).SelectMany(read => read.Datagrams),
                left.Trains.Where(train => train.Peer == peer).SelectMany(train => train.Datagrams));
        }
    }

    private void AssertTrains()
    {
        foreach (var train in left.Trains)
        {
            var datagrams = (train.Bytes.Length + train.SegmentBytes - 1) / train.SegmentBytes;
            if (train.Segments != datagrams || datagrams > 64 || (datagrams > 1 && train.Bytes.Length > 65487))
            {
                throw new InvalidOperationException($"a train of {train.Segments} datagrams with {train.Bytes.Length} bytes, {train.SegmentBytes} each");
            }

            if (train.Datagrams.Any(datagram => Class(datagram) != train.TrafficClass))
            {
                throw new InvalidOperationException("a datagram of another class");
            }
        }
    }

    private static int Class(byte[] packet) => packet[0] >> 4 == 6 ? (byte)((packet[0] << 4) | (packet[1] >> 4)) : packet[1];

    private static void AssertSame(IEnumerable<byte[]> expected, IEnumerable<byte[]> actual)
    {
        using var next = actual.GetEnumerator();
        foreach (var datagram in expected)
        {
            if (!next.MoveNext() || !next.Current.AsSpan().SequenceEqual(datagram))
            {
                throw new InvalidOperationException($"expected: {Convert.ToHexString(datagram)}\nsent: {Convert.ToHexString(next.Current ?? [])}");
            }
        }

        Assert.False(next.MoveNext());
    }
}
