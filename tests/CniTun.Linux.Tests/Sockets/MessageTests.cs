using System.Reflection;
using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;

namespace CniTun.Linux.Tests.Sockets;

/// <summary>Many datagrams in one system call, on the real kernel.</summary>
public sealed class MessageTests : IDisposable
{
    private readonly TestNamespace space = new();
    private readonly Letters letters = new();
    private readonly UdpSocket sender;
    private readonly UdpSocket receiver;

    public MessageTests()
    {
        sender = space.Run(() => UdpSocket.Bind(0));
        receiver = space.Run(() => UdpSocket.Bind(0));
    }

    public void Dispose()
    {
        sender.Dispose();
        receiver.Dispose();
        space.Dispose();
    }

    [KernelTheory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public void A_message_that_the_kernel_cuts_arrives_as_datagrams_of_which_only_the_last_is_shorter(string host)
    {
        letters.Add(sender, $"{host}:{receiver.Port}", 3500, segmentBytes: 1000);
        Assert.Equal(1, letters.Outgoing.Send(sender, 0));

        var arrived = letters.Receive(receiver, 4);
        Assert.Equal([1000, 1000, 1000, 500], arrived.Select(letter => letter.Bytes.Length));
        Assert.Equal(letters.Bytes(0, 3500), arrived.SelectMany(letter => letter.Bytes));
        Assert.All(arrived, letter => Assert.Equal(0, letter.SegmentBytes));
        Assert.All(arrived, letter => Assert.False(letter.IsTruncated));
    }

    [KernelTheory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public void At_a_socket_that_merges_it_arrives_as_one_message_that_says_how_long_each_datagram_was(string host)
    {
        Assert.Equal(0, receiver.MergeReceived(true));
        letters.Add(sender, $"{host}:{receiver.Port}", 3500, segmentBytes: 1000);
        Assert.Equal(1, letters.Outgoing.Send(sender, 0));

        var arrived = Assert.Single(letters.Receive(receiver, 1));
        Assert.Equal(letters.Bytes(0, 3500), arrived.Bytes);
        Assert.Equal(1000, arrived.SegmentBytes);
        Assert.Equal(IpEndpoint.Parse($"{host}:{sender.Port}"), arrived.Source);
    }

    [KernelTheory]
    [InlineData("127.0.0.1", 0xff)]
    [InlineData("[::1]", 0xff)]
    [InlineData("127.0.0.1", 0x01)]
    [InlineData("[::1]", 0x01)]
    [InlineData("127.0.0.1", 0xb8)]
    [InlineData("[::1]", 0xb8)]
    [InlineData("127.0.0.1", 0)]
    [InlineData("[::1]", 0)]
    public void The_traffic_class_of_each_message_goes_out_and_comes_in_beside_the_segment_length(string host, byte trafficClass)
    {
        receiver.MergeReceived(true);
        letters.Add(sender, $"{host}:{receiver.Port}", 100, trafficClass: trafficClass);
        letters.Add(sender, $"{host}:{receiver.Port}", 2500, segmentBytes: 1000, trafficClass);
        letters.Add(sender, $"{host}:{receiver.Port}", 100);
        Assert.Equal(3, letters.Outgoing.Send(sender, 0));

        var arrived = letters.Receive(receiver, 3);
        Assert.Equal([trafficClass, trafficClass, (byte)0], arrived.Select(letter => letter.TrafficClass));
        Assert.Equal([0, 1000, 0], arrived.Select(letter => letter.SegmentBytes));
    }

    [KernelFact]
    public void On_a_socket_without_IPv6_it_is_the_same()
    {
        space.Run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        using var from = space.Run(() => UdpSocket.Bind(0));
        using var to = space.Run(() => UdpSocket.Bind(0));
        to.MergeReceived(true);
        letters.Add(from, $"127.0.0.1:{to.Port}", 2500, segmentBytes: 1000, trafficClass: 0x4a);
        Assert.Equal(1, letters.Outgoing.Send(from, 0));

        var arrived = Assert.Single(letters.Receive(to, 1));
        Assert.Equal((1000, 0x4a), (arrived.SegmentBytes, arrived.TrafficClass));
        Assert.Equal(IpEndpoint.Parse($"127.0.0.1:{from.Port}"), arrived.Source);
    }

    [KernelFact]
    public void A_datagram_may_be_gathered_from_pieces_that_end_where_no_datagram_does()
    {
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", [(100, 40), (5000, 960), (7, 3), (9000, 500)], segmentBytes: 1000);
        Assert.Equal(1, letters.Outgoing.Send(sender, 0));

        var arrived = letters.Receive(receiver, 2);
        byte[] expected = [.. letters.Bytes(100, 40), .. letters.Bytes(5000, 960), .. letters.Bytes(7, 3), .. letters.Bytes(9000, 500)];
        Assert.Equal([1000, 503], arrived.Select(letter => letter.Bytes.Length));
        Assert.Equal(expected, arrived.SelectMany(letter => letter.Bytes));
    }

    [KernelFact]
    public void One_call_reaches_several_places()
    {
        using var other = space.Run(() => UdpSocket.Bind(0));
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 10);
        letters.Add(sender, $"[::1]:{other.Port}", 20);
        letters.Add(sender, $"[::1]:{receiver.Port}", 30);
        Assert.Equal(3, letters.Outgoing.Send(sender, 0));

        Assert.Equal([10, 30], letters.Receive(receiver, 2).Select(letter => letter.Bytes.Length));
        Assert.Equal(20, Assert.Single(letters.Receive(other, 1)).Bytes.Length);
    }

    [KernelFact]
    public void A_message_that_cannot_be_sent_stops_the_call_before_it_and_is_what_the_next_call_tells_of()
    {
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 10);
        letters.Add(sender, "203.0.113.1:9", 20);
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 30);

        Assert.Equal(1, letters.Outgoing.Send(sender, 0));
        Assert.Equal(-Errno.ENETUNREACH, letters.Outgoing.Send(sender, 1));
        Assert.Equal(1, letters.Outgoing.Send(sender, 2));
        Assert.Equal([10, 30], letters.Receive(receiver, 2).Select(letter => letter.Bytes.Length));
    }

    [KernelFact]
    public void More_datagrams_in_a_message_than_the_kernel_takes_are_EINVAL()
    {
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 1000, segmentBytes: 1);
        Assert.Equal(-Errno.EINVAL, letters.Outgoing.Send(sender, 0));
    }

    [KernelFact]
    public void Sixty_four_datagrams_of_65_487_bytes_together_are_sent_over_either_family()
    {
        receiver.TryEnlargeBuffers(1 << 20, 1 << 20);
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 65487, segmentBytes: 1024);
        letters.Add(sender, $"[::1]:{receiver.Port}", 65487, segmentBytes: 1024);
        Assert.Equal(2, letters.Outgoing.Send(sender, 0));
        Assert.Equal(2 * 65487, letters.Receive(receiver, 2 * 64).Sum(letter => letter.Bytes.Length));
    }

    [KernelTheory]
    [InlineData("10.98.0.2:9")]
    [InlineData("[fd98::2]:9")]
    public void Datagrams_that_are_too_long_for_the_interface_are_refused_and_not_fragmented(string destination)
    {
        space.Ip("link", "add", "one", "type", "veth", "peer", "name", "two");
        space.Ip("address", "add", "10.98.0.1/24", "dev", "one");
        space.Ip("address", "add", "fd98::1/64", "dev", "one", "nodad");
        space.Ip("link", "set", "two", "up");
        space.Ip("link", "set", "one", "up");
        letters.Add(sender, destination, 3100, segmentBytes: 1500);
        letters.Add(sender, destination, 3100, segmentBytes: 1400);

        // EINVAL before Linux 6.13.
        Assert.Contains(letters.Outgoing.Send(sender, 0), new[] { -Errno.EMSGSIZE, -Errno.EINVAL });
        Assert.Equal(1, letters.Outgoing.Send(sender, 1));
    }

    [KernelFact]
    public void With_nothing_there_receiving_is_EAGAIN()
    {
        Assert.Equal(-Errno.EAGAIN, letters.Incoming.Receive(receiver, out var mayHaveMore));
        Assert.False(mayHaveMore);
    }

    [KernelFact]
    public void A_round_takes_what_waits_up_to_its_capacity_and_the_next_one_the_rest()
    {
        const int Sent = IncomingMessages.Capacity + 3;
        for (var i = 1; i <= Sent; i++)
        {
            letters.Add(sender, $"127.0.0.1:{receiver.Port}", i, trafficClass: (byte)i);
        }

        Assert.Equal(Sent, letters.Outgoing.Send(sender, 0));
        var first = letters.ReceiveRound(receiver);
        var rest = letters.ReceiveRound(receiver);
        Assert.Equal((IncomingMessages.Capacity, 3), (first.Count, rest.Count));
        Assert.Equal(Enumerable.Range(1, Sent), first.Concat(rest).Select(letter => letter.Bytes.Length));
        Assert.Equal(Enumerable.Range(1, Sent), first.Concat(rest).Select(letter => (int)letter.TrafficClass));
    }

    [KernelTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Long_and_short_messages_arrive_unharmed_by_one_another(int seed)
    {
        var random = new Random(seed);
        receiver.TryEnlargeBuffers(8 << 20, 8 << 20);
        int[] edges = [0, 1, 2047, 2048, 2049, 4096, 10_000, 40_000, 65_000];
        for (var round = 0; round < 20; round++)
        {
            letters.Outgoing.Clear();
            var sent = Enumerable.Range(0, random.Next(1, 60)).Select(_ => (Offset: random.Next(500), Length: edges[random.Next(edges.Length)])).ToList();
            sent.ForEach(message => letters.Add(sender, $"127.0.0.1:{receiver.Port}", [message]));
            Assert.Equal(sent.Count, letters.Outgoing.Send(sender, 0));
            var arrived = letters.Receive(receiver, sent.Count);
            Assert.Equal(sent.Select(message => letters.Bytes(message.Offset, message.Length)), arrived.Select(letter => letter.Bytes));
        }
    }

    [KernelFact]
    public void An_empty_datagram_is_a_message_of_no_bytes()
    {
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 0);
        Assert.Equal(1, letters.Outgoing.Send(sender, 0));
        Assert.Empty(Assert.Single(letters.Receive(receiver, 1)).Bytes);
    }

    [KernelFact]
    public void A_message_longer_than_its_room_says_that_its_end_was_lost()
    {
        // No datagram is as long as the room that each has, so that the end of the first one's is made smaller here.
        var pieces = (MemoryPiece[])typeof(IncomingMessages).GetField("pieces", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(letters.Incoming)!;
        pieces[1] = pieces[1] with { Length = 5 };
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 3000);
        letters.Add(sender, $"127.0.0.1:{receiver.Port}", 3000);
        letters.Outgoing.Send(sender, 0);

        var arrived = letters.Receive(receiver, 2);
        Assert.Equal([true, false], arrived.Select(letter => letter.IsTruncated));
        Assert.Equal([2053, 3000], arrived.Select(letter => letter.Bytes.Length));
    }

    [KernelFact]
    public void A_message_more_than_fits_is_refused_and_clearing_makes_room()
    {
        for (var i = 0; i < OutgoingMessages.Capacity; i++)
        {
            Assert.False(letters.Outgoing.IsFull);
            letters.Add(sender, "127.0.0.1:9", 1);
        }

        Assert.True(letters.Outgoing.IsFull);
        Assert.Throws<IndexOutOfRangeException>(() => letters.Add(sender, "127.0.0.1:9", 1));
        letters.Outgoing.Clear();
        letters.Add(sender, "127.0.0.1:9", 1);
        Assert.Equal(1, letters.Outgoing.Count);
    }
}
