namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Cutting and merging against the reference, over many random rounds.</summary>
public sealed class DifferentialTests : IDisposable
{
    private const int Rounds = 300;

    private readonly LeftNode left = new();
    private readonly RightNode right = new();

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6];

    public void Dispose()
    {
        left.Dispose();
        right.Dispose();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_leaves_is_byte_for_byte_what_the_reference_cuts_in_order_within_each_peer(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var traffic = new RandomTraffic(random);
            var reads = Enumerable.Range(0, random.Next(1, 60)).Select(_ => traffic.Read()).ToList();
            left.Sender.Trains.Clear();
            left.Forward(reads.Select(read => (byte[])read.Clone()));
            AssertForwarded(reads);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Over_a_perfect_underlay_inner_endpoints_see_what_was_sent_to_them(int seed) =>
        Pass(new Random(seed), (_, datagrams) => datagrams);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Of_lost_datagrams_each_costs_only_itself(int seed) =>
        Pass(new Random(seed), (random, datagrams) => datagrams.Where(_ => random.Next(5) != 0));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Doubled_datagrams_arrive_twice(int seed) =>
        Pass(new Random(seed), (random, datagrams) => datagrams.SelectMany(datagram => Enumerable.Repeat(datagram, random.Next(4) == 0 ? 2 : 1)));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Datagrams_that_overtook_one_another_stay_as_they_came(int seed) => Pass(new Random(seed), (random, datagrams) =>
    {
        var list = datagrams.ToList();
        for (var i = 0; i + 1 < list.Count; i++)
        {
            var other = random.Next(4) == 0 ? random.Next(i, Math.Min(list.Count, i + 5)) : i;
            (list[i], list[other]) = (list[other], list[i]);
        }

        return list;
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_byte_that_changed_on_the_way_is_passed_on_with_a_checksum_that_tells(int seed) => Pass(new Random(seed), (random, datagrams) => datagrams.Select(datagram =>
    {
        var bytes = (byte[])datagram.Bytes.Clone();
        if (random.Next(4) == 0)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return datagram with { Bytes = bytes };
    }));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Marks_of_the_underlay_change_what_they_mark_and_nothing_else(int seed) =>
        Pass(new Random(seed), (random, datagrams) => datagrams.Select(datagram => random.Next(3) == 0 ? datagram with { TrafficClass = (byte)random.Next(4) } : datagram));

    private void AssertForwarded(List<byte[]> reads)
    {
        var expected = reads.ConvertAll(ReferenceNode.Forward);
        foreach (var number in new[] { 2, 4 })
        {
            var peer = left.Peers.Table.Peers.Single(peer => peer.Key == Sample.Key(number));
            Assert.Equal(
                expected.Where(read => read.Peer == number).SelectMany(read => read.Datagrams),
                left.Trains.Where(train => train.Peer == peer).SelectMany(train => train.Datagrams));
        }
    }

    private void Pass(Random random, Func<Random, IEnumerable<Datagram>, IEnumerable<Datagram>> underlay)
    {
        var merged = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var traffic = new RandomTraffic(random);
            left.Sender.Trains.Clear();
            right.Writes.Clear();
            left.Forward(Enumerable.Range(0, random.Next(1, 40)).Select(_ => traffic.Read()));
            var arrived = underlay(random, left.Trains.SelectMany(train => train.Datagrams.Select(bytes => new Datagram(bytes, train.TrafficClass)))).Take(1000).ToList();
            var before = right.Counted;
            Receive(random, arrived);

            Assert.Equal(arrived.Count, right.Counted - before);
            ReferenceOrder.AssertSame(arrived.Select(datagram => ReferenceNode.Receive(datagram.Bytes, datagram.TrafficClass).Packet).OfType<byte[]>(), right.Writes);
            merged += right.Writes.Count(write => write[1] != 0);
        }

        // Something was merged, or nothing was tested.
        Assert.InRange(merged, 100, int.MaxValue);
    }

    /// <summary>Puts datagrams together as a socket that merges does: of one class and length, only the last one shorter.</summary>
    private void Receive(Random random, List<Datagram> arrived)
    {
        for (var first = 0; first < arrived.Count;)
        {
            var end = first + 1;
            var most = random.Next(1, 64);
            while (end < arrived.Count && end - first < most
                && (end + 1 - first) * arrived[first].Bytes.Length <= ushort.MaxValue
                && arrived[end].TrafficClass == arrived[first].TrafficClass
                && arrived[end].Bytes.Length <= arrived[first].Bytes.Length
                && arrived[end - 1].Bytes.Length == arrived[first].Bytes.Length)
            {
                end++;
            }

            var message = arrived[first..end].SelectMany(datagram => datagram.Bytes).ToArray();
            right.Take(message, end - first > 1 ? arrived[first].Bytes.Length : 0, arrived[first].TrafficClass);
            first = end;
            if (random.Next(10) == 0 || right.IsFull)
            {
                right.Flush();
            }
        }

        right.Flush();
    }

    private sealed record Datagram(byte[] Bytes, byte TrafficClass);
}
