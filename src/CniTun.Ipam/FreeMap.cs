using System.Numerics;
using System.Runtime.InteropServices;
using CniTun.Linux.Files;

namespace CniTun.Ipam;

/// <summary>
/// A hint, shared by all processes, which addresses of one range are free: a bit an address, and where the search goes on.
/// </summary>
/// <remarks>
/// <para>Only a hint: whether an address is leased is decided by its lease file alone. A bit is set after the file appeared and cleared
/// before it goes, so that a process killed in between leaves at worst a clear bit over a lease, on which the next search stumbles
/// and sets it. If all bits are set though files are gone (someone deleted them by hand), <see cref="Rebuild"/> finds out.</para>
/// <para>There is no lock: bits change by atomic operations in shared memory. The search starts behind the last address given out, so that an
/// address is not reused at once. File: magic, cursor, then the bits, each 64 in host order.</para>
/// </remarks>
internal sealed class FreeMap : IDisposable
{
    private const long Magic = 0x31_50_41_4d_45_45_52_46; // "FREEMAP1"
    private const int HeaderWords = 2;
    private readonly SharedMemory memory;
    private readonly int count;

    private FreeMap(SharedMemory memory, int count)
    {
        this.memory = memory;
        this.count = count;
    }

    private Span<long> Bits => memory.Words[HeaderWords..];

    private ref long Cursor => ref memory.Words[1];

    /// <summary>Opens the map of a range; makes it from what is leased if it is missing or unusable.</summary>
    /// <param name="directory">Where maps lie.</param>
    /// <param name="range">Names the file.</param>
    /// <param name="leasedOffsets">Lists which addresses are leased, as distances from the first; asked only if needed.</param>
    public static FreeMap OpenOrCreate(DirectoryHandle directory, AddressRange range, Func<IEnumerable<int>> leasedOffsets)
    {
        var name = range.ToString();
        var words = WordsFor(range.Count);
        while (true)
        {
            if (TryOpen(directory, name, range.Count) is { } map)
            {
                return map;
            }

            // Another process may be faster: its map is as good as ours, and in use.
            using var fresh = UnnamedFile.Create(directory, Content(words, leasedOffsets()));
            if (!fresh.TryLink(directory, name) && !IsUsable(directory, name, range.Count))
            {
                directory.TryDelete(name);
            }
        }
    }

    /// <summary>Opens the map of a range if there is one.</summary>
    public static FreeMap? TryOpen(DirectoryHandle directory, string name, int count)
    {
        if (SharedMemory.TryMap(directory, name, WordsFor(count) * sizeof(long)) is not { } memory)
        {
            return null;
        }

        if (memory.Words[0] == Magic)
        {
            return new FreeMap(memory, count);
        }

        memory.Dispose();
        return null;
    }

    /// <summary>Finds an address that seems free, from the cursor on and around.</summary>
    /// <returns>Its distance from the first; null if none seems free.</returns>
    public int? FindFree()
    {
        var start = (int)((ulong)Volatile.Read(ref Cursor) % (ulong)count);
        return FindFree(start, count) ?? FindFree(0, start);
    }

    /// <summary>Notes that an address is leased, and that the search goes on behind it if it is ours.</summary>
    public void MarkLeased(int offset, bool moveCursor)
    {
        Interlocked.Or(ref Bits[offset / 64], 1L << (offset % 64));
        if (moveCursor)
        {
            ContinueBehind(offset);
        }
    }

    /// <summary>Has the search go on behind an address.</summary>
    public void ContinueBehind(int offset) => Volatile.Write(ref Cursor, offset + 1);

    /// <summary>Notes that an address is about to be free.</summary>
    public void MarkFree(int offset)
    {
        if (offset < count)
        {
            Interlocked.And(ref Bits[offset / 64], ~(1L << (offset % 64)));
        }
    }

    /// <summary>Clears the bits over which no lease is.</summary>
    /// <remarks>A lease that appears meanwhile may lose its bit; the next search stumbles on it and sets it.</remarks>
    public void Rebuild(IEnumerable<int> leasedOffsets)
    {
        var leased = leasedOffsets.ToHashSet();
        for (var offset = 0; offset < count; offset++)
        {
            if (!leased.Contains(offset) && (Bits[offset / 64] & (1L << (offset % 64))) != 0)
            {
                MarkFree(offset);
            }
        }
    }

    public void Dispose() => memory.Dispose();

    private static int WordsFor(int count) => HeaderWords + ((count + 63) / 64);

    private static bool IsUsable(DirectoryHandle directory, string name, int count)
    {
        using var map = TryOpen(directory, name, count);
        return map is not null;
    }

    private static byte[] Content(int words, IEnumerable<int> leasedOffsets)
    {
        var content = new byte[words * sizeof(long)];
        var numbers = MemoryMarshal.Cast<byte, long>(content.AsSpan());
        numbers[0] = Magic;
        foreach (var offset in leasedOffsets)
        {
            numbers[HeaderWords + (offset / 64)] |= 1L << (offset % 64);
        }

        return content;
    }

    /// <summary>Searches from <paramref name="from"/> to before <paramref name="end"/>.</summary>
    private int? FindFree(int from, int end)
    {
        for (var word = from / 64; word * 64 < end; word++)
        {
            var free = ~Volatile.Read(ref Bits[word]);
            if (word == from / 64)
            {
                free &= -1L << (from % 64);
            }

            if (free != 0)
            {
                var offset = (word * 64) + BitOperations.TrailingZeroCount(free);
                return offset < end ? offset : null;
            }
        }

        return null;
    }
}
