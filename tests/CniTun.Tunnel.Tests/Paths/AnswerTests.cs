using System.Buffers.Binary;
using System.Diagnostics;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Tests.Packets;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class AnswerTests
{
    private readonly byte[] answer = new byte[TooBigAnswer.MaxBytes];

    [Fact]
    public void An_IPv4_packet_is_answered_in_its_destinations_name_with_the_mtu_and_its_first_548_bytes()
    {
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1", 1480);
        var length = TooBigAnswer.Build(packet, 1372, answer);
        Assert.Equal(576, length);
        Assert.True(Sums.HeaderIsRight(answer));
        Assert.Equal(0, Sums.Fold(answer.AsSpan(20, length - 20)));
        Assert.Equal(packet[..548], answer[28..576]);
        Snapshot.Match(Snapshot.Hex(answer.AsSpan(0, 48)));
    }

    [Fact]
    public void A_short_IPv4_packet_is_quoted_whole()
    {
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1", 101);
        var length = TooBigAnswer.Build(packet, 100, answer);
        Assert.Equal(28 + 121, length);
        Assert.Equal(0, Sums.Fold(answer.AsSpan(20, length - 20)));
        Assert.Equal(packet, answer[28..length]);
    }

    [Fact]
    public void An_IPv6_packet_is_answered_with_its_first_1232_bytes()
    {
        var packet = Sample.Packet("fd01::1", "fd02::1", 1460);
        var length = TooBigAnswer.Build(packet, 1352, answer);
        Assert.Equal(1280, length);
        Assert.Equal(0, Sums.FoldIcmp6(answer.AsSpan(0, length)));
        Assert.Equal(packet[..1232], answer[48..1280]);
        Snapshot.Match(Snapshot.Hex(answer.AsSpan(0, 88)));
    }

    [Fact]
    public void No_IPv6_host_is_told_less_than_1280_nor_told_anything_of_a_packet_that_is_no_longer()
    {
        Assert.Equal(1280, TooBigAnswer.Build(Sample.Packet("fd01::1", "fd02::1", 1460), 1100, answer));
        Assert.Equal(1280, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(44)));
        Assert.Equal(0, TooBigAnswer.Build(Sample.Packet("fd01::1", "fd02::1", 1240), 1100, answer));
    }

    [Theory]
    [InlineData("224.0.0.1", "10.2.0.1")]
    [InlineData("255.255.255.255", "10.2.0.1")]
    [InlineData("0.0.0.0", "10.2.0.1")]
    [InlineData("127.0.0.1", "10.2.0.1")]
    [InlineData("10.1.0.1", "239.1.1.1")]
    [InlineData("10.1.0.1", "255.255.255.255")]
    [InlineData("ff02::1", "fd02::1")]
    [InlineData("::", "fd02::1")]
    [InlineData("::1", "fd02::1")]
    [InlineData("fd01::1", "ff02::1")]
    public void To_and_from_what_is_no_single_host_there_is_no_answer(string source, string destination) =>
        Assert.Equal(0, TooBigAnswer.Build(Sample.Packet(source, destination, 1460), 1300, answer));

    [Theory]
    [InlineData(0, true)]
    [InlineData(8, true)]
    [InlineData(13, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(200, false)]
    public void Of_ICMP_only_queries_are_answered(byte type, bool answered)
    {
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1", 1480);
        packet[9] = 1;
        packet[20] = type;
        Assert.Equal(answered, TooBigAnswer.Build(packet, 1300, answer) > 0);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(135, true)]
    [InlineData(2, false)]
    [InlineData(1, false)]
    [InlineData(127, false)]
    [InlineData(137, false)]
    public void Of_ICMPv6_errors_and_redirects_are_not_answered_even_behind_other_headers(byte type, bool answered)
    {
        var packet = Sample.Packet("fd01::1", "fd02::1", 1460);
        packet[6] = 58;
        packet[40] = type;
        Assert.Equal(answered, TooBigAnswer.Build(packet, 1300, answer) > 0);

        // Destination options of 16 bytes, then the first fragment.
        packet[6] = 60;
        packet[40] = 44;
        packet[41] = 1;
        packet[56] = 58;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(58), 1);
        packet[64] = type;
        Assert.Equal(answered, TooBigAnswer.Build(packet, 1300, answer) > 0);

        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(58), 8);
        Assert.Equal(0, TooBigAnswer.Build(packet, 1300, answer));
    }

    [Fact]
    public void A_later_fragment_is_not_answered_and_the_first_is()
    {
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1", 1480);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), 0x2000);
        Assert.True(TooBigAnswer.Build(packet, 1300, answer) > 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), 0x2001);
        Assert.Equal(0, TooBigAnswer.Build(packet, 1300, answer));
    }

    [Fact]
    public void Nothing_makes_it_throw_and_every_answer_has_right_checksums()
    {
        var random = new Random(4);
        var answers = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var packet = i % 3 == 0 ? Sample.Packet("fd01::1", "fd02::1", random.Next(1200, 1500)) : Sample.Packet("10.1.0.1", "10.2.0.1", random.Next(1500));
            random.NextBytes(packet.AsSpan(i % 2 == 0 ? 0 : packet[0] >> 4 == 4 ? 20 : 40));
            if (i % 5 != 0)
            {
                packet[6] = (byte)(packet[0] >> 4 == 6 ? new byte[] { 0, 6, 43, 44, 51, 58, 60 }[random.Next(7)] : packet[6]);
                packet[0] = (byte)((packet[0] & 0xf) | (random.Next(2) == 0 ? 0x40 : 0x60));
            }

            packet = i % 7 == 0 ? packet[..random.Next(packet.Length)] : packet;
            var length = TooBigAnswer.Build(packet, random.Next(70_000), answer);
            if (length > 0)
            {
                answers++;
                Assert.Equal(0, answer[0] >> 4 == 6 ? Sums.FoldIcmp6(answer.AsSpan(0, length)) : Sums.Fold(answer.AsSpan(20, length - 20)));
                Assert.True(answer[0] >> 4 == 6 || Sums.HeaderIsRight(answer));
            }
        }

        Assert.InRange(answers, 10_000, 100_000);
    }

    [Fact]
    public void The_budget_gives_a_burst_and_then_so_many_a_second()
    {
        var budget = new AnswerBudget(perSecond: 100, burst: 50);
        Assert.Equal(50, Enumerable.Range(0, 1000).Count(_ => budget.TryTake(0)));

        var given = 0;
        for (var now = 0L; now < 10 * Stopwatch.Frequency; now += Stopwatch.Frequency / 1000)
        {
            given += budget.TryTake(now) ? 1 : 0;
        }

        Assert.InRange(given, 990, 1000);
        Assert.Equal(50, Enumerable.Range(0, 1000).Count(_ => budget.TryTake(100 * Stopwatch.Frequency)));
    }
}

/// <summary>Checksums, the slow and obvious way.</summary>
internal static class Sums
{
    /// <summary>Gets 0 if the bytes hold a right checksum of themselves.</summary>
    public static int Fold(ReadOnlySpan<byte> bytes)
    {
        var sum = 0L;
        for (var i = 0; i < bytes.Length; i++)
        {
            sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (int)(0xffff - sum);
    }

    public static int FoldIcmp6(ReadOnlySpan<byte> packet)
    {
        byte[] pseudo = [.. packet.Slice(8, 32), 0, 0, (byte)((packet.Length - 40) >> 8), (byte)(packet.Length - 40), 0, 0, 0, 58];
        return Fold([.. pseudo, .. packet[40..]]);
    }

    public static bool HeaderIsRight(ReadOnlySpan<byte> packet) => Fold(packet[..((packet[0] & 0xf) * 4)]) == 0;
}
