using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>Traffic classes and congestion marks through two tunnels and the underlay between them.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class CongestionTests
{
    [KernelTheory]
    [InlineData("192.0.2.", "10.2.0.1")]
    [InlineData("192.0.2.", "[fd02::1]")]
    [InlineData("2001:db8::", "10.2.0.1")]
    [InlineData("2001:db8::", "[fd02::1]")]
    public void A_class_arrives_as_it_was_sent(string underlay, string destination)
    {
        using var nodes = new TwoNodes(underlay);
        foreach (var trafficClass in new byte[] { 0, 1, 2, 3, 0xb8, 0xbb, 0xff })
        {
            Assert.Equal(trafficClass, Pass(nodes, destination, trafficClass));
        }
    }

    [KernelTheory]
    [InlineData("192.0.2.", "10.2.0.1")]
    [InlineData("192.0.2.", "[fd02::1]")]
    [InlineData("2001:db8::", "10.2.0.1")]
    [InlineData("2001:db8::", "[fd02::1]")]
    public void A_mark_that_the_underlay_makes_reaches_the_pod_or_stops_what_understands_none(string underlay, string destination)
    {
        using var nodes = new TwoNodes(underlay);
        nodes.RightSpace.Run("nft", "add table inet marks; add chain inet marks in { type filter hook prerouting priority 0; }");
        nodes.RightSpace.Run("nft", $"add rule inet marks in iif eth0 udp dport 6080 {(nodes.RightEndpoint.Address.IsIPv6 ? "ip6" : "ip")} ecn set ce");
        Assert.Equal((byte)3, Pass(nodes, destination, 1));
        Assert.Equal((byte)3, Pass(nodes, destination, 2));
        Assert.Equal((byte)0xbb, Pass(nodes, destination, 0xba));
        Assert.Equal((byte)3, Pass(nodes, destination, 3));

        var before = nodes.RightCounter("in_drop_congestion");
        Send(nodes, destination, port: 9, trafficClass: 0);
        Wait.Until(() => nodes.RightCounter("in_drop_congestion") > before, () => "nothing was dropped");
    }

    private static byte Pass(TwoNodes nodes, string destination, byte trafficClass)
    {
        using var receiver = nodes.RightSpace.Run(() => UdpSocket.Bind(0));
        Send(nodes, destination, receiver.Port, trafficClass);
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Wait.Milliseconds, Timeout.Infinite);
        Assert.True(stop.WaitReadable(receiver), "nothing arrived");
        var messages = new IncomingMessages();
        Assert.Equal(1, messages.Receive(receiver, out _));
        return messages.Messages[0].TrafficClass;
    }

    private static void Send(TwoNodes nodes, string destination, int port, byte trafficClass)
    {
        using var sender = nodes.LeftSpace.Run(() => UdpSocket.Bind(0));
        var list = new PieceList(1);
        list.Add(new PinnedBuffer(100).Piece(0, 100));
        var messages = new OutgoingMessages();
        messages.Add(sender, IpEndpoint.Parse($"{destination}:{port}"), list, 0, 1, segmentBytes: 0, trafficClass);
        Assert.Equal(1, messages.Send(sender, 0));
    }
}
