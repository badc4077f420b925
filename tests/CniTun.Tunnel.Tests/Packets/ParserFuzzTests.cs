using CniTun.Tunnel.Headers;
using CniTun.Tunnel.Packets;
using Xunit.Abstractions;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Each parser by itself, on anything that ends where a page begins that nobody may touch.</summary>
public sealed class ParserFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int MostBytes = 200;
    private readonly GuardedMemory memory = new(1);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void A_GUE_header_that_is_taken_off_leaves_the_rest_of_the_datagram() => Spend((random, bytes) =>
    {
        if (random.Next(2) == 0 && bytes.Length >= 5)
        {
            bytes[0] = 0;
            bytes[1] = (byte)(random.Next(2) == 0 ? 4 : 41);
            bytes[2] = bytes[3] = 0;
        }

        var datagram = memory.Place(bytes);
        var packet = GueHeader.Strip(datagram);
        var removed = datagram.Length - packet.Length;
        Require(removed is 0 or 4 && packet.Address == datagram.Address + removed);
        Require(removed == 0 || packet.Span[0] >> 4 is 4 or 6);
    });

    [Fact]
    public void What_an_IP_packet_says_of_itself_lies_within_it() => Spend((random, bytes) =>
    {
        if (IpPacket.TryParse(memory.Place(bytes).Span, out var packet) == Drop.None)
        {
            Require(packet.Bytes.Length >= (packet.IsIPv6 ? 40 : 20) && packet.Bytes.Length <= bytes.Length);
            Require(packet.Source.IsIPv6 == packet.IsIPv6 && packet.Destination.IsIPv6 == packet.IsIPv6);
            Require(!packet.IsMulticast || packet.Destination.Value != 0);
            Require(packet.MustNotBeFragmented || !packet.IsIPv6);
        }
    });

    [Fact]
    public void A_congestion_mark_changes_the_mark_and_the_checksum_and_nothing_else() => Spend((random, bytes) =>
    {
        var piece = memory.Place(bytes);
        if (IpPacket.TryParse(piece.Span, out var packet) != Drop.None)
        {
            return;
        }

        var before = packet.Bytes.ToArray();
        var outer = (byte)random.Next(256);
        var (drop, expected) = ReferenceNode.Receive(before, outer);
        Ecn.Decapsulate(piece.Span[..before.Length], outer);
        if (drop == Drop.None)
        {
            Require(piece.Span[..before.Length].SequenceEqual(expected));
        }
        else if (drop == Drop.Congestion)
        {
            Require(piece.Span[..before.Length].SequenceEqual(before));
        }
    });

    [Fact]
    public void What_a_candidate_for_merging_says_of_itself_lies_within_it() => Spend((random, bytes) =>
    {
        var piece = memory.Place(bytes);
        if (IpPacket.TryParse(piece.Span, out var packet) != Drop.None)
        {
            return;
        }

        piece = piece with { Length = packet.Bytes.Length };
        var kind = MergeCandidate.Classify(piece, out var candidate);
        if (kind == MergeKind.AfterAll)
        {
            return;
        }

        Require(candidate.Bytes == piece);
        Require(candidate.HeaderBytes <= piece.Length && candidate.IpHeaderBytes + 8 <= candidate.HeaderBytes);
        Require(candidate.PayloadBytes > 0 || kind == MergeKind.AfterItsFlow);
        Require(candidate.IsSameFlow(candidate));
        Require(candidate.IsTcp || !candidate.IsPushed);
        Require(!candidate.IsTcp || candidate.HeaderBytes >= candidate.IpHeaderBytes + 20);
    });

    [Fact]
    public void A_checksum_is_that_of_the_reference() => Spend((random, bytes) =>
    {
        if (random.Next(100) == 0)
        {
            bytes = new byte[random.Next(65536)];
            random.NextBytes(bytes);
        }

        ReadOnlySpan<byte> piece = memory.Place(bytes).Span;
        var sum = Checksum.Fold(Checksum.Sum(piece));
        var expected = ReferenceChecksum.Sum(bytes);
        Require((ushort)((sum >> 8) | (sum << 8)) == expected);
    });

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("it does not hold");
        }
    }

    private void Spend(Action<Random, byte[]> input) => output.WriteLine($"{FuzzBudget.Spend((random, count) =>
    {
        for (var i = 0; i < count; i++)
        {
            input(random, Bytes(random));
            memory.CheckAndClear();
        }

        return count;
    })} inputs");

    /// <summary>Makes random bytes, most of which look like the beginning of a packet.</summary>
    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(MostBytes)];
        random.NextBytes(bytes);
        if (bytes.Length >= 40 && random.Next(8) != 0)
        {
            var isIPv6 = random.Next(2) == 0;
            var length = random.Next(8) == 0 ? random.Next(256) : bytes.Length;
            bytes[0] = (byte)(isIPv6 ? 0x60 | (bytes[0] & 15) : random.Next(4) == 0 ? 0x40 | (bytes[0] & 15) : 0x45);
            bytes[isIPv6 ? 4 : 2] = 0;
            bytes[isIPv6 ? 5 : 3] = (byte)(isIPv6 ? length - 40 : length);
            bytes[isIPv6 ? 6 : 9] = (byte)(random.Next(3) switch { 0 => 6, 1 => 17, _ => bytes[6] });
            if (!isIPv6 && random.Next(4) != 0)
            {
                bytes[6] = (byte)(bytes[6] & 0x40);
                bytes[7] = 0;
            }

            var transport = isIPv6 ? 40 : 20;
            if (bytes.Length > transport + 12 && random.Next(2) == 0)
            {
                bytes[transport + 12] = 0x50;
            }
        }

        return bytes;
    }
}
