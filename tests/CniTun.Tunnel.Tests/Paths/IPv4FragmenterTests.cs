using System.Buffers.Binary;
using CniTun.Tunnel.Packets;
using CsCheck;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class IPv4FragmenterTests
{
    [Fact]
    public void A_packet_is_cut_at_multiples_of_eight_bytes_and_only_the_last_fragment_lacks_the_more_flag()
    {
        var fragments = Cut(Packet(100), 60);
        Assert.Equal([(60, 0x2000), (60, 0x2005), (40, 0x000a)], fragments.Select(fragment => (fragment.Length, Flags(fragment))));
        Assert.All(fragments, fragment => Assert.True(Sums.HeaderIsRight(fragment)));
        Assert.All(fragments, fragment => Assert.Equal(0x1234, BinaryPrimitives.ReadUInt16BigEndian(fragment.AsSpan(4))));
    }

    [Fact]
    public void A_packet_that_fits_comes_out_as_it_is_but_for_the_checksum()
    {
        var packet = Packet(100);
        var fragment = Assert.Single(Cut(packet, 120));
        fragment.AsSpan(10, 2).Clear();
        Assert.Equal(packet, fragment);
    }

    [Fact]
    public void A_fragment_is_cut_on_with_its_own_offset_and_keeps_the_more_flag_to_its_end()
    {
        var packet = Packet(96);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), 0x2000 | 100);
        Assert.Equal([0x2000 | 100, 0x2000 | 105, 0x2000 | 110], Cut(packet, 60).Select(Flags));
    }

    [Fact]
    public void Later_fragments_have_the_options_with_the_copy_flag_alone()
    {
        // Timestamp (68, not copied), no operation, router alert (148, copied), end.
        byte[] options = [68, 4, 5, 0, 1, 148, 4, 0, 0, 0, 0, 0];
        var fragments = Cut(Packet(100, options), 80);
        Assert.Equal(options, fragments[0][20..32]);
        Assert.Equal(0x48, fragments[0][0]);
        Assert.All(fragments.Skip(1), fragment =>
        {
            Assert.Equal(0x46, fragment[0]);
            Assert.Equal([148, 4, 0, 0], fragment[20..24]);
        });
    }

    [Fact]
    public void What_must_not_or_cannot_be_cut_is_refused()
    {
        Assert.True(IPv4Fragmenter.TryBegin(Packet(100), 28, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(100), 27, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(0), 100, out _));
        Assert.False(IPv4Fragmenter.TryBegin([.. Packet(100), 0], 60, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(100).AsSpan(0, 119), 60, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(100, [148, 5, 0, 0]), 60, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(100, [1, 1, 1, 148]), 60, out _));
        Assert.False(IPv4Fragmenter.TryBegin(Packet(100, [148, 0, 0, 0]), 60, out _));
        var packet = Packet(100);
        packet[6] = 0x40;
        Assert.False(IPv4Fragmenter.TryBegin(packet, 60, out _));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), 8190);
        Assert.False(IPv4Fragmenter.TryBegin(packet, 60, out _));
    }

    [Fact]
    public void Fragments_fit_and_their_payloads_make_up_the_packet_again() =>
        Gen.Select(Gen.Int[1, 4000], Gen.Byte.Array[0, 40], Gen.Int[68, 1500], Gen.Int[0, 7000], Gen.Bool)
            .Sample((payloadBytes, noise, maxBytes, offset, more) =>
            {
                var packet = Packet(payloadBytes, Options(noise));
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)((more ? 0x2000 : 0) | offset));
                var headerBytes = (packet[0] & 0xf) * 4;
                var payload = new byte[payloadBytes];
                var seen = 0;
                foreach (var fragment in Cut(packet, maxBytes))
                {
                    var header = (fragment[0] & 0xf) * 4;
                    Assert.True(fragment.Length <= maxBytes);
                    Assert.True(Sums.HeaderIsRight(fragment));
                    Assert.Equal(fragment.Length, BinaryPrimitives.ReadUInt16BigEndian(fragment.AsSpan(2)));
                    Assert.Equal(packet[8..10], fragment[8..10]);
                    Assert.Equal(packet[12..20], fragment[12..20]);
                    var at = ((Flags(fragment) & 0x1fff) - offset) * 8;
                    fragment.AsSpan(header).CopyTo(payload.AsSpan(at));
                    seen += fragment.Length - header;
                    Assert.Equal(more || at + fragment.Length - header < payloadBytes, (Flags(fragment) & 0x2000) != 0);
                }

                Assert.Equal(payloadBytes, seen);
                Assert.Equal(packet[headerBytes..], payload);
            });

    [Fact]
    public void Nothing_makes_it_throw_or_write_past_its_limit()
    {
        var random = new Random(791);
        var cut = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var packet = Packet(random.Next(200), Options([.. Enumerable.Range(0, random.Next(40)).Select(_ => (byte)random.Next(256))]));
            for (var damage = random.Next(4); damage > 0; damage--)
            {
                packet[random.Next(Math.Min(60, packet.Length))] = (byte)random.Next(256);
            }

            var maxBytes = random.Next(-5, 200);
            if (IPv4Fragmenter.TryBegin(packet, maxBytes, out var fragmenter))
            {
                cut++;
                var buffer = new byte[maxBytes];
                while (fragmenter.Next(buffer) is > 0 and var length)
                {
                    Assert.True(length <= maxBytes);
                }
            }
        }

        Assert.InRange(cut, 10_000, 200_000);
    }

    private static int Flags(byte[] packet) => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(6));

    private static List<byte[]> Cut(byte[] packet, int maxBytes)
    {
        Assert.True(IPv4Fragmenter.TryBegin(packet, maxBytes, out var fragmenter));
        var fragments = new List<byte[]>();
        var buffer = new byte[maxBytes];
        while (fragmenter.Next(buffer) is > 0 and var length)
        {
            fragments.Add(buffer[..length]);
        }

        Assert.True(fragmenter.IsDone);
        return fragments;
    }

    private static byte[] Packet(int payloadBytes, params byte[] options)
    {
        var header = 20 + options.Length;
        var packet = new byte[header + payloadBytes];
        packet[0] = (byte)(0x40 | (header / 4));
        packet[1] = 0xb8;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), 0x1234);
        packet[8] = 64;
        packet[9] = 17;
        packet[12] = 10;
        packet[16] = 10;
        packet[19] = 2;
        options.CopyTo(packet.AsSpan(20));
        for (var i = 0; i < payloadBytes; i++)
        {
            packet[header + i] = (byte)(i * 7);
        }

        return packet;
    }

    /// <summary>Makes whole options of noise: types as they come, lengths that fit, in whole words.</summary>
    private static byte[] Options(byte[] noise)
    {
        var options = new List<byte>();
        foreach (var value in noise)
        {
            var length = value < 2 ? 1 : 2 + (value % 5);
            if (options.Count + length > 40)
            {
                break;
            }

            options.Add(value);
            if (length > 1)
            {
                options.Add((byte)length);
                options.AddRange(Enumerable.Repeat(value, length - 2));
            }
        }

        while (options.Count % 4 != 0)
        {
            options.Add(0);
        }

        return [.. options];
    }
}
