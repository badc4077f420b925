using System.Net;
using System.Net.Sockets;
using Tmds.Linux;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>Traffic of every kind through two tunnels, compared byte by byte.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class TrafficTests
{
    private static readonly int[] Sizes = [0, 1, 2, 3, 7, 8, 63, 64, 65, 512, 1000, 1351, 1352, 1353, 1371, 1372, 1373, 1400, 1401, 2800, 8000, 20_000, 40_000];

    [KernelTheory]
    [InlineData("192.0.2.", "10.{0}.0.1")]
    [InlineData("192.0.2.", "fd0{0}::1")]
    [InlineData("2001:db8::", "10.{0}.0.1")]
    [InlineData("2001:db8::", "fd0{0}::1")]
    public void Bulk_TCP_arrives_as_it_was_sent_in_both_directions_at_once(string underlay, string inner)
    {
        using var nodes = new TwoNodes(underlay);
        Parallel.Invoke(
            () => Streams.Carry(nodes.LeftSpace, nodes.RightSpace, string.Format(null, inner, 2), count: 4, bytes: 6 << 20),
            () => Streams.Carry(nodes.RightSpace, nodes.LeftSpace, string.Format(null, inner, 1), count: 4, bytes: 6 << 20));
        Assert.Equal(0, nodes.RightCounter("in_drop_bad_header") + nodes.RightCounter("in_drop_bad_length") + nodes.RightCounter("in_drop_unknown_format"));
    }

    [KernelTheory]
    [InlineData(88)]
    [InlineData(537)]
    [InlineData(1001)]
    public void Segments_of_odd_sizes_arrive_as_they_were_sent(int maxSegmentBytes)
    {
        using var nodes = new TwoNodes();
        Streams.Carry(nodes.LeftSpace, nodes.RightSpace, "10.2.0.1", count: 2, bytes: 2 << 20, maxSegmentBytes);
        Streams.Carry(nodes.RightSpace, nodes.LeftSpace, "fd01::1", count: 2, bytes: 2 << 20, maxSegmentBytes);
    }

    [KernelFact]
    public void An_underlay_without_checksum_or_segmentation_offload_carries_the_same()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Run("ethtool", "-K", "eth0", "tx", "off", "gro", "off");
        nodes.RightSpace.Run("ethtool", "-K", "eth0", "tx-udp-segmentation", "off", "gro", "off");
        Streams.Carry(nodes.LeftSpace, nodes.RightSpace, "10.2.0.1", count: 2, bytes: 4 << 20);
        Streams.Carry(nodes.RightSpace, nodes.LeftSpace, "fd01::1", count: 2, bytes: 4 << 20);
    }

    [KernelFact]
    public void Streams_with_destination_options_arrive_as_they_were_sent()
    {
        using var nodes = new TwoNodes();

        // IPV6_DSTOPTS of linux/in6.h: 8 bytes of which 6 are padding.
        byte[] options = [0, 0, 1, 4, 0, 0, 0, 0];
        Streams.Carry(nodes.LeftSpace, nodes.RightSpace, "fd02::1", count: 2, bytes: 2 << 20, configure: sender => sender.SetRawSocketOption(41, 59, options));
    }

    [KernelFact]
    public void Two_queues_carry_the_same()
    {
        using var nodes = new TwoNodes("192.0.2.", "--queues", "2");
        Parallel.Invoke(
            () => Streams.Carry(nodes.LeftSpace, nodes.RightSpace, "10.2.0.1", count: 6, bytes: 4 << 20),
            () => Streams.Carry(nodes.RightSpace, nodes.LeftSpace, "fd01::1", count: 6, bytes: 4 << 20));
    }

    [KernelFact]
    public void An_underlay_that_loses_every_thirtieth_datagram_slows_streams_down_and_changes_no_byte()
    {
        using var nodes = new TwoNodes();
        foreach (var space in new[] { nodes.LeftSpace, nodes.RightSpace })
        {
            space.Run("nft", "add table inet loss; add chain inet loss in { type filter hook prerouting priority 0; }");
            space.Run("nft", "add rule inet loss in iif eth0 udp dport 6080 numgen random mod 30 0 drop");
        }

        Parallel.Invoke(
            () => Streams.Carry(nodes.LeftSpace, nodes.RightSpace, "10.2.0.1", count: 3, bytes: 1 << 20),
            () => Streams.Carry(nodes.RightSpace, nodes.LeftSpace, "fd01::1", count: 3, bytes: 1 << 20));
    }

    [KernelTheory]
    [InlineData("192.0.2.", "10.1.0.1", "10.2.0.1")]
    [InlineData("2001:db8::", "fd01::1", "fd02::1")]
    public void UDP_of_every_size_arrives_as_it_was_sent_in_fragments_too(string underlay, string from, string to)
    {
        using var nodes = new TwoNodes(underlay);
        using var sender = Open(nodes.LeftSpace, SocketType.Dgram, ProtocolType.Udp, from);
        using var receiver = Open(nodes.RightSpace, SocketType.Dgram, ProtocolType.Udp, to);
        var buffer = new byte[65_536];
        foreach (var size in Sizes)
        {
            var bytes = Random(size);
            sender.SendTo(bytes, receiver.LocalEndPoint!);
            Assert.Equal(bytes, buffer[..receiver.Receive(buffer)]);
        }
    }

    [KernelTheory]
    [InlineData("10.1.0.1", "10.2.0.1")]
    [InlineData("fd01::1", "fd02::1")]
    public void UDP_that_is_sent_in_one_call_arrives_as_datagrams_in_order(string from, string to)
    {
        using var nodes = new TwoNodes();
        using var sender = Open(nodes.LeftSpace, SocketType.Dgram, ProtocolType.Udp, from);
        using var receiver = Open(nodes.RightSpace, SocketType.Dgram, ProtocolType.Udp, to);
        receiver.ReceiveBufferSize = 4 << 20;
        var buffer = new byte[65_536];
        foreach (var size in new[] { 1, 99, 1000, 1351 })
        {
            // UDP_SEGMENT of linux/udp.h.
            sender.SetRawSocketOption((int)ProtocolType.Udp, 103, BitConverter.GetBytes(size));
            var bytes = Random((size * 40) + 1);
            sender.SendTo(bytes, receiver.LocalEndPoint!);
            foreach (var expected in bytes.Chunk(size))
            {
                Assert.Equal(expected, buffer[..receiver.Receive(buffer)]);
            }
        }
    }

    [KernelFact]
    public void UDP_that_is_sent_in_one_call_and_may_be_fragmented_arrives_over_a_path_that_is_too_narrow_for_it()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("link", "set", "eth0", "mtu", "1200");
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1300", "10.2.0.1");
        Wait.Until(() => nodes.Left.State().Peers[0] is { PathState: "complete", PathMtuBytes: 1200 }, () => $"{nodes.Left.State().Peers[0]}");
        using var sender = Open(nodes.LeftSpace, SocketType.Dgram, ProtocolType.Udp, "10.1.0.1");
        using var receiver = Open(nodes.RightSpace, SocketType.Dgram, ProtocolType.Udp, "10.2.0.1");
        receiver.ReceiveBufferSize = 4 << 20;

        // IP_MTU_DISCOVER of linux/in.h: never, so that no packet has DF. UDP_SEGMENT of linux/udp.h.
        sender.SetRawSocketOption(0, 10, BitConverter.GetBytes(0));
        sender.SetRawSocketOption((int)ProtocolType.Udp, 103, BitConverter.GetBytes(1350));
        var bytes = Random((1350 * 40) + 1);
        sender.SendTo(bytes, receiver.LocalEndPoint!);
        var buffer = new byte[65_536];
        foreach (var expected in bytes.Chunk(1350))
        {
            Assert.Equal(expected, buffer[..receiver.Receive(buffer)]);
        }
    }

    [KernelTheory]
    [InlineData("10.2.0.1")]
    [InlineData("fd02::1")]
    public void Pings_in_fragments_come_back(string destination)
    {
        using var nodes = new TwoNodes();
        Assert.DoesNotContain("wrong data", nodes.LeftSpace.Run("ping", "-c", "3", "-i", "0.1", "-W", "20", "-s", "20000", destination), StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData(47, "GRE")]
    [InlineData(132, "SCTP")]
    [InlineData(253, "an experiment")]
    public void Other_protocols_pass_as_they_are(int protocol, string what)
    {
        using var nodes = new TwoNodes();
        using var sender = OpenRaw(nodes.LeftSpace, protocol);
        using var receiver = OpenRaw(nodes.RightSpace, protocol);
        var buffer = new byte[2000];
        foreach (var size in new[] { 1, 100, 1380 })
        {
            var bytes = Random(size);
            sender.SendTo(bytes, new IPEndPoint(IPAddress.Parse("10.2.0.1"), 0));
            var length = receiver.Receive(buffer);
            Assert.True(bytes.AsSpan().SequenceEqual(buffer.AsSpan(20, length - 20)), what);
        }
    }

    /// <remarks>The framework opens no raw socket for a protocol that it has no name for.</remarks>
    private static Socket OpenRaw(TestNamespace space, int protocol)
    {
        var descriptor = space.Run(() => LibC.socket(LibC.AF_INET, LibC.SOCK_RAW, protocol));
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { ReceiveTimeout = Wait.Milliseconds };
    }

    private static byte[] Random(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static Socket Open(TestNamespace space, SocketType type, ProtocolType protocol, string address)
    {
        var local = IPAddress.Parse(address);
        var socket = space.Run(() => new Socket(local.AddressFamily, type, protocol) { ReceiveTimeout = Wait.Milliseconds });
        socket.Bind(new IPEndPoint(local, 0));
        return socket;
    }
}
