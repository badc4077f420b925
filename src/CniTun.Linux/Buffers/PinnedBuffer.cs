namespace CniTun.Linux.Buffers;

/// <summary>
/// Memory that the garbage collector neither moves nor clears, so that the kernel can be told where it lies. Allocated once
/// by the loop that owns it; spans and pieces of it are borrowed.
/// </summary>
public sealed class PinnedBuffer
{
    private readonly byte[] bytes;

    public PinnedBuffer(int length)
    {
        bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        unsafe
        {
            fixed (byte* first = bytes)
            {
                Address = (nint)first;
            }
        }
    }

    public int Length => bytes.Length;

    /// <summary>Gets where the first byte lies.</summary>
    public nint Address { get; }

    public Span<byte> Span(int offset, int length) => bytes.AsSpan(offset, length);

    public MemoryPiece Piece(int offset, int length)
    {
        // Slicing holds the piece within the buffer.
        _ = bytes.AsSpan(offset, length);
        return new MemoryPiece(Address + offset, length);
    }
}
