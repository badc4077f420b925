using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Tests.Packets;

public sealed class ChecksumTests : IDisposable
{
    private readonly GuardedMemory memory = new(1);
    private readonly Random random = new(11);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void It_is_that_of_the_reference_for_every_length_and_alignment()
    {
        for (var length = 0; length <= 300; length++)
        {
            for (var alignment = 0; alignment < 64; alignment++)
            {
                AssertSame(Bytes(length + alignment).AsSpan(alignment));
            }
        }
    }

    [Theory]
    [InlineData(1499)]
    [InlineData(1500)]
    [InlineData(65534)]
    [InlineData(65535)]
    public void It_is_that_of_the_reference_for_long_packets(int length)
    {
        AssertSame(Bytes(length));
        AssertSame(new byte[length]);
        var ones = new byte[length];
        ones.AsSpan().Fill(0xff);
        AssertSame(ones);
    }

    [Theory]
    [InlineData(0UL, 0)]
    [InlineData(0xffffUL, 0xffff)]
    [InlineData(0x10000UL, 1)]
    [InlineData(0x1fffeUL, 0xffff)]
    [InlineData(ulong.MaxValue, 0xffff)]
    [InlineData(0xffff_ffff_0000_0000UL, 0xffff)]
    [InlineData(0x1_0000_0001UL, 2)]
    public void A_sum_of_any_size_is_folded_with_every_carry(ulong sum, int expected) => Assert.Equal(expected, Checksum.Fold(sum));

    [Fact]
    public void A_folded_sum_is_the_remainder_by_65535()
    {
        for (var i = 0; i < 100_000; i++)
        {
            var sum = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            Assert.Equal((int)(sum % 0xffff), Checksum.Fold(sum) % 0xffff);
        }
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private void AssertSame(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> guarded = memory.Place(bytes).Span;
        Span<byte> written = stackalloc byte[2];
        Checksum.Write(written, Checksum.Fold(Checksum.Sum(guarded)));
        Assert.Equal(ReferenceChecksum.Sum(bytes), (ushort)((written[0] << 8) | written[1]));
        memory.CheckAndClear();
    }
}
