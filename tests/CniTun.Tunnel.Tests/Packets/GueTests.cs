using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Generic UDP encapsulation, variant 0, which a stock Linux peer may send.</summary>
public sealed class GueTests : IDisposable
{
    private const byte IPv4 = 4;
    private const byte IPv6 = 41;
    private readonly RightNode right = new();

    public void Dispose() => right.Dispose();

    [Fact]
    public void Its_header_is_taken_off()
    {
        right.Receive([0, IPv4, 0, 0, .. InnerPacket.Tcp4.ToArray()], [0, IPv6, 0, 0, .. InnerPacket.Udp6.ToArray()]);
        Assert.Equal([InnerPacket.Tcp4.ToArray(), InnerPacket.Udp6.ToArray()], right.Packets);
    }

    [Fact]
    public void Packets_behind_it_are_merged_as_others_are_and_with_others()
    {
        var packets = Flow.Of(InnerPacket.Tcp4, 3);
        byte[] gue = [0, IPv4, 0, 0];
        right.Receive([.. gue, .. packets[0].ToArray()], [.. gue, .. packets[1].ToArray()], packets[2].ToArray());
        Assert.Single(right.Writes);
        Assert.Equal(packets.Select(packet => packet.ToArray()), right.Packets);
    }

    [Theory]
    [InlineData("00290000", "another version than it says")]
    [InlineData("00040001", "flags")]
    [InlineData("00048000", "flags")]
    [InlineData("01040000", "options: the first byte begins a WireGuard message")]
    [InlineData("20040000", "a control message")]
    [InlineData("00110000", "UDP, not IP")]
    [InlineData("80040000", "a variant that does not exist")]
    public void A_header_that_says_anything_else_is_an_unknown_format(string header, string what)
    {
        right.Receive([.. Convert.FromHexString(header), .. InnerPacket.Tcp4.ToArray()]);
        Assert.Empty(right.Writes);
        Assert.True(right.Counters[Drop.UnknownFormat] == 1, what);
    }

    [Fact]
    public void A_packet_behind_it_is_checked_as_every_other()
    {
        right.Receive([0, IPv4, 0, 0, .. InnerPacket.Tcp4.ToArray()[..30]], [0, IPv4, 0, 0, .. (InnerPacket.Tcp4 with { Source = "10.9.0.1" }).ToArray()]);
        Assert.Empty(right.Writes);
        Assert.Equal(1, right.Counters[Drop.BadLength]);
        Assert.Equal(1, right.Counters[Drop.SpoofedSource]);
    }
}
