using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>
/// Places for packets, each of which ends where a page begins that nobody may touch: who reads or writes behind the end ends
/// the process. What lies before the packet is a pattern that is looked at afterwards.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageBytes = 4096;
    private const int PlaceBytes = 17 * PageBytes;
    private const int PatternBytes = 128;
    private const byte Pattern = 0xa5;
    private const int None = 0;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly int places;
    private readonly byte* memory;
    private readonly MemoryPiece[] taken;
    private int count;

    public GuardedMemory(int places)
    {
        this.places = places;
        taken = new MemoryPiece[places];
        memory = (byte*)mmap(0, Length, ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, (nint)memory);
        for (var i = 0; i < places; i++)
        {
            Assert.Equal(0, mprotect((nint)PlaceAt(i) + PlaceBytes, PageBytes, None));
        }
    }

    public bool IsFull => count == places;

    private nuint Length => (nuint)places * (PlaceBytes + PageBytes);

    /// <summary>Copies bytes to the end of the next place.</summary>
    public MemoryPiece Place(ReadOnlySpan<byte> bytes)
    {
        var end = PlaceAt(count) + PlaceBytes;
        var piece = new MemoryPiece((nint)(end - bytes.Length), bytes.Length);
        new Span<byte>((byte*)piece.Address - PatternBytes, PatternBytes).Fill(Pattern);
        bytes.CopyTo(piece.Span);
        taken[count++] = piece;
        return piece;
    }

    /// <summary>Fails if anything before a packet was written to, and makes all places free again.</summary>
    public void CheckAndClear()
    {
        foreach (var piece in taken.AsSpan(0, count))
        {
            if (new ReadOnlySpan<byte>((byte*)piece.Address - PatternBytes, PatternBytes).ContainsAnyExcept(Pattern))
            {
                throw new InvalidOperationException("something was written before the packet");
            }
        }

        count = 0;
    }

    public void Dispose() => _ = munmap((nint)memory, Length);

    private byte* PlaceAt(int index) => memory + ((nint)index * (PlaceBytes + PageBytes));

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int munmap(nint address, nuint length);
}
