using System.Text;
using CniTun.Linux;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Two nodes, left and right, whose cores are joined in memory.</summary>
public sealed class CoreTests : IDisposable
{
    private readonly LeftNode left = new();
    private readonly RightNode right = new();

    public void Dispose()
    {
        left.Dispose();
        right.Dispose();
    }

    [Theory]
    [InlineData("10.1.0.1", "10.2.0.1")]
    [InlineData("fd01::1", "fd02::1")]
    public void A_packet_leaves_the_left_core_and_comes_out_of_the_right_one_unchanged(string source, string destination)
    {
        var packet = Sample.Packet(source, destination);
        var datagram = Forward(packet);

        Assert.NotNull(datagram);
        Assert.Equal(packet, Receive(datagram));
        Assert.Equal(1, left.Counters.Packets);
        Assert.Equal(1, right.Counters.Packets);
        Assert.Equal(packet.Length, left.Peers.Table.Peers[0].Traffic.SentBytes);
        Assert.Equal(packet.Length, right.Peers.Table.Peers[0].Traffic.ReceivedBytes);
    }

    [Fact]
    public void On_the_wire_a_packet_is_the_payload_of_its_datagram_and_nothing_else()
    {
        var text = new StringBuilder();
        foreach (var (source, destination) in new[] { ("10.1.0.1", "10.2.0.1"), ("fd01::1", "fd02::1") })
        {
            text.Append(Snapshot.Hex(Forward(Sample.Packet(source, destination)))).Append('\n');
        }

        Snapshot.Match(text.ToString());
    }

    [Theory]
    [InlineData("10.9.0.1", Drop.NoPeer)]
    [InlineData("fd09::1", Drop.NoPeer)]
    [InlineData("10.3.0.1", Drop.NoEndpoint)]
    [InlineData("224.0.0.251", Drop.Multicast)]
    [InlineData("ff02::2", Drop.Multicast)]
    public void A_packet_that_leads_nowhere_is_counted(string destination, Drop expected)
    {
        Assert.Null(Forward(Sample.Packet(destination.Contains(':', StringComparison.Ordinal) ? "fd01::1" : "10.1.0.1", destination)));
        Assert.Equal(1, left.Counters[expected]);
        Assert.Equal(1, left.Counted);
    }

    [Theory]
    [InlineData("", Drop.NotIp)]
    [InlineData("10000000", Drop.NotIp)]
    [InlineData("45", Drop.BadHeader)]
    [InlineData("450000150000000040000000 0a010001 0a020001", Drop.BadLength)]
    public void What_is_no_IP_packet_is_counted(string hex, Drop expected)
    {
        Assert.Null(Forward(Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal))));
        Assert.Equal(1, left.Counters[expected]);
    }

    [Fact]
    public void What_ends_before_its_virtio_header_does_is_counted()
    {
        left.Forward(new byte[9]);
        Assert.Empty(left.Trains);
        Assert.Equal(1, left.Counters[Drop.BadOffload]);
    }

    [Fact]
    public void What_came_behind_the_end_of_a_packet_is_not_sent()
    {
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1");
        Assert.Equal(packet, Forward([.. packet, 1, 2, 3]));
    }

    [Theory]
    [InlineData(Errno.EMSGSIZE, Drop.TooBig)]
    [InlineData(Errno.EAGAIN, Drop.NoBuffers)]
    [InlineData(Errno.ENOBUFS, Drop.NoBuffers)]
    [InlineData(Errno.ENETUNREACH, Drop.Unreachable)]
    [InlineData(Errno.EHOSTUNREACH, Drop.Unreachable)]
    [InlineData(Errno.ECONNREFUSED, Drop.Unreachable)]
    [InlineData(Errno.EPERM, Drop.Forbidden)]
    [InlineData(Errno.EAFNOSUPPORT, Drop.NoAddressFamily)]
    [InlineData(Errno.EBADF, Drop.SystemCallFailed)]
    public void A_send_that_fails_is_counted_by_its_reason_and_not_as_bytes(int errno, Drop expected)
    {
        left.Sender.Answer = _ => (0, errno);
        Forward(Sample.Packet("10.1.0.1", "10.2.0.1"));
        Assert.Equal(1, left.Counters[expected]);
        Assert.Equal(0, left.Counters.Packets);
        Assert.Equal(0, left.Peers.Table.Peers[0].Traffic.SentBytes);
    }

    [Fact]
    public void Of_a_train_that_fails_in_part_each_datagram_is_counted_once()
    {
        left.Sender.Answer = train => (train.Segments - 1, Errno.ENOBUFS);
        left.Forward((InnerPacket.Tcp4 with { PayloadBytes = 1000 }).ToSuperpacket(100));
        Assert.Equal(9, left.Counters.Packets);
        Assert.Equal(1, left.Counters[Drop.NoBuffers]);
        Assert.Equal(9 * 140, left.Peers.Table.Peers[0].Traffic.SentBytes);
    }

    [Fact]
    public void Each_reason_has_a_name_of_its_own()
    {
        var names = Enum.GetValues<Drop>().Select(Drops.Name).ToList();
        Assert.Equal(Drops.Count, names.Distinct(StringComparer.Ordinal).Count());
        Snapshot.Match(string.Join('\n', names));
    }

    /// <summary>Passes one packet through the left node's core; null if it was dropped.</summary>
    private byte[]? Forward(byte[] packet)
    {
        var before = left.Trains.Count;
        left.Forward(InnerPacket.WithVirtio(packet, default));
        return left.Trains.Count == before ? null : Assert.Single(left.Trains[^1].Datagrams);
    }

    private byte[] Receive(byte[] datagram)
    {
        right.Receive(datagram);
        return Assert.Single(right.Packets);
    }
}
