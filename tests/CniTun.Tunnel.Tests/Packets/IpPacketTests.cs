using CniTun.Addresses;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

public sealed class IpPacketTests
{
    [Theory]
    [InlineData("10.1.0.1", "10.2.0.1")]
    [InlineData("fd01::1", "fd02::1")]
    public void A_packet_gives_its_addresses_and_loses_what_comes_behind_its_end(string source, string destination)
    {
        var bytes = Sample.Packet(source, destination);
        Assert.Equal(Drop.None, IpPacket.TryParse([.. bytes, 1, 2, 3], out var packet));
        Assert.Equal(IpAddress.Parse(source), packet.Source);
        Assert.Equal(IpAddress.Parse(destination), packet.Destination);
        Assert.Equal(bytes, packet.Bytes);
    }

    [Theory]
    [InlineData("", Drop.NotIp)]
    [InlineData("00", Drop.NotIp)]
    [InlineData("55", Drop.NotIp)]
    [InlineData("45", Drop.BadHeader)]
    [InlineData("450000140000000040000000 0a010001 0a0200", Drop.BadHeader)]
    [InlineData("440000140000000040000000 0a010001 0a020001", Drop.BadHeader)]
    [InlineData("460000180000000040000000 0a010001 0a020001", Drop.BadHeader)]
    [InlineData("450000130000000040000000 0a010001 0a020001", Drop.BadLength)]
    [InlineData("450000150000000040000000 0a010001 0a020001", Drop.BadLength)]
    [InlineData("60", Drop.BadHeader)]
    [InlineData("6000000000013b40 fd010000000000000000000000000001 fd0200000000000000000000000001", Drop.BadHeader)]
    [InlineData("6000000000013b40 fd010000000000000000000000000001 fd020000000000000000000000000001", Drop.BadLength)]
    public void A_header_that_does_not_fit_what_is_there_is_refused(string hex, Drop expected) =>
        Assert.Equal(expected, IpPacket.TryParse(Convert.FromHexString(hex.Replace(" ", string.Empty, StringComparison.Ordinal)), out _));

    [Fact]
    public void Nothing_makes_the_parser_throw_or_give_more_than_it_got()
    {
        var random = new Random(4);
        var buffer = new byte[100];
        for (var round = 0; round < 500_000; round++)
        {
            random.NextBytes(buffer);
            buffer[0] = (byte)((random.Next(2) == 0 ? 0x40 : 0x60) | (buffer[0] & 0xf));
            if (random.Next(2) == 0)
            {
                buffer[2] = buffer[4] = 0;
            }

            var bytes = buffer.AsSpan(0, random.Next(buffer.Length + 1));
            if (IpPacket.TryParse(bytes, out var packet) == Drop.None)
            {
                Assert.InRange(packet.Bytes.Length, 20, bytes.Length);
                _ = packet.Source;
                _ = packet.Destination;
            }
        }
    }
}
