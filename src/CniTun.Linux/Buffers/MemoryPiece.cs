using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CniTun.Linux.Buffers;

/// <summary>A piece of memory that does not move, as system calls take it (<c>struct iovec</c>): borrowed from whoever owns the memory.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct MemoryPiece(nint Address, nint Length)
{
    /// <summary>Gets the bytes, which are there as long as the buffer that the piece was cut from.</summary>
    public unsafe Span<byte> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new((void*)Address, (int)Length);
    }
}
