using CniTun.Linux.Buffers;

namespace CniTun.Linux.Tests.Buffers;

public sealed class PieceListTests
{
    private readonly PinnedBuffer buffer = new(100);

    public PieceListTests()
    {
        for (var i = 0; i < buffer.Length; i++)
        {
            buffer.Span(i, 1)[0] = (byte)i;
        }
    }

    [Fact]
    public void A_piece_that_goes_on_where_the_last_one_ends_becomes_one_with_it()
    {
        var list = new PieceList(4);
        list.Add(buffer.Piece(10, 2));
        list.Add(buffer.Piece(12, 3));
        list.Add(buffer.Piece(20, 1));
        Assert.Equal([buffer.Piece(10, 5), buffer.Piece(20, 1)], list.Pieces.ToArray());
        Assert.Equal([10, 11, 12, 13, 14, 20], list.ToArray());
    }

    [Fact]
    public void A_piece_that_is_to_be_separate_stays_so()
    {
        var list = new PieceList(4);
        list.AddSeparate(buffer.Piece(10, 2));
        list.AddSeparate(buffer.Piece(12, 3));
        Assert.Equal(2, list.Count);
        Assert.Equal([10, 11, 12, 13, 14], list.ToArray());
    }

    [Fact]
    public void It_is_full_when_two_more_would_not_fit_and_refuses_what_is_over()
    {
        var list = new PieceList(3);
        Assert.False(list.IsFull);
        list.AddSeparate(buffer.Piece(0, 1));
        Assert.False(list.IsFull);
        list.AddSeparate(buffer.Piece(0, 1));
        Assert.True(list.IsFull);
        list.AddSeparate(buffer.Piece(0, 1));
        Assert.Throws<IndexOutOfRangeException>(() => list.AddSeparate(buffer.Piece(0, 1)));
        Assert.Equal([0, 0, 0], list.ToArray());
    }

    [Fact]
    public void Once_cleared_it_holds_nothing_of_what_it_held()
    {
        var list = new PieceList(3);
        list.Add(buffer.Piece(10, 2));
        list.Clear();
        Assert.Empty(list.ToArray());
        list.Add(buffer.Piece(12, 1));
        Assert.Equal([12], list.ToArray());
    }
}
