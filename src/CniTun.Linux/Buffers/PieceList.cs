namespace CniTun.Linux.Buffers;

/// <summary>
/// Pieces that together are one message, for a system call that gathers them (readv(2)). Allocated once and filled anew;
/// belongs to one thread.
/// </summary>
public sealed class PieceList
{
    private readonly MemoryPiece[] pieces;

    /// <param name="capacity">At most 1,024 (UIO_MAXIOV).</param>
    public PieceList(int capacity)
    {
        pieces = GC.AllocateArray<MemoryPiece>(capacity, pinned: true);
        unsafe
        {
            fixed (MemoryPiece* first = pieces)
            {
                Address = (nint)first;
            }
        }
    }

    public int Count { get; private set; }

    /// <summary>Gets a value indicating whether two more pieces might find no room.</summary>
    public bool IsFull => Count + 2 > pieces.Length;

    public ReadOnlySpan<MemoryPiece> Pieces => pieces.AsSpan(0, Count);

    /// <summary>Gets where the first piece lies; the list does not move.</summary>
    internal nint Address { get; }

    /// <summary>Adds a piece, or lengthens the last one if this goes on where that ends.</summary>
    public void Add(MemoryPiece piece)
    {
        if (Count > 0)
        {
            ref var last = ref pieces[Count - 1];
            if (last.Address + last.Length == piece.Address)
            {
                last = last with { Length = last.Length + piece.Length };
                return;
            }
        }

        AddSeparate(piece);
    }

    /// <summary>Adds a piece and lets it be one.</summary>
    public void AddSeparate(MemoryPiece piece)
    {
        // Counted when it is there: the kernel believes the count.
        pieces[Count] = piece;
        Count++;
    }

    public void Clear() => Count = 0;

    /// <summary>Copies all pieces into one row of bytes.</summary>
    public byte[] ToArray()
    {
        var length = 0;
        foreach (var piece in Pieces)
        {
            length += (int)piece.Length;
        }

        var bytes = new byte[length];
        var offset = 0;
        foreach (var piece in Pieces)
        {
            piece.Span.CopyTo(bytes.AsSpan(offset));
            offset += (int)piece.Length;
        }

        return bytes;
    }
}
