using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;

namespace CniTun.Linux.Tests.Buffers;

public sealed class PinnedBufferTests
{
    [Fact]
    public void A_piece_is_laid_out_as_struct_iovec() =>
        new StaticAsserts("sys/uio.h")
            .Size("struct iovec", Unsafe.SizeOf<MemoryPiece>())
            .Offset("struct iovec", "iov_base", 0)
            .Offset("struct iovec", "iov_len", (long)Marshal.SizeOf<nint>())
            .Verify();

    [Fact]
    public void The_address_comes_first_in_a_piece_and_the_length_second()
    {
        var words = MemoryMarshal.Cast<MemoryPiece, nint>([new MemoryPiece(3, 5)]);
        Assert.Equal([3, 5], words.ToArray());
    }

    [Fact]
    public void A_piece_and_a_span_show_the_same_bytes()
    {
        var buffer = new PinnedBuffer(100);
        buffer.Span(10, 3)[2] = 77;
        Assert.Equal(77, buffer.Piece(12, 1).Span[0]);
        Assert.Equal(buffer.Address + 12, buffer.Piece(12, 1).Address);
    }

    [Fact]
    public void The_memory_stays_where_it_is_when_garbage_is_collected()
    {
        var buffer = new PinnedBuffer(100);
        var piece = buffer.Piece(0, 100);
        piece.Span.Fill(5);
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        Assert.Equal(-1, buffer.Span(0, 100).IndexOfAnyExcept((byte)5));
        Assert.Equal(piece, buffer.Piece(0, 100));
    }

    [Theory]
    [InlineData(0, 101)]
    [InlineData(100, 1)]
    [InlineData(101, 0)]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Neither_reaches_outside_the_buffer(int offset, int length)
    {
        var buffer = new PinnedBuffer(100);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = buffer.Span(offset, length).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = buffer.Piece(offset, length));
    }
}
