using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace CniTun.Tunnel.Headers;

/// <summary>The Internet checksum (RFC 1071), as sums that are added up and folded at the end.</summary>
/// <remarks>
/// A sum is of 16-bit words as the machine reads them, not as they stand on the wire: the ones' complement sum of swapped
/// words is the swapped sum, so that a folded sum is written as it was read. Numbers in host order are added by
/// <see cref="Word"/>.
/// </remarks>
internal static class Checksum
{
    private const int VectorBytes = 16;
    private const int RoundBytes = 4 * VectorBytes;

    /// <summary>Adds up bytes; an odd last one as if a zero followed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var vectors = bytes.Length & ~(VectorBytes - 1);
        return vectors == 0 ? SumWords(bytes) : SumVectors(bytes[..vectors]) + SumWords(bytes[vectors..]);
    }

    /// <summary>Adds up what RFC 9293 and RFC 8200 put before TCP and UDP for the checksum.</summary>
    /// <param name="addresses">Source and destination: 8 or 32 bytes.</param>
    /// <param name="protocol">IPPROTO_TCP or IPPROTO_UDP.</param>
    /// <param name="transportBytes">Header and payload.</param>
    public static ulong PseudoHeader(ReadOnlySpan<byte> addresses, byte protocol, int transportBytes) =>
        SumWords(addresses) + Word(protocol) + Word((ushort)transportBytes);

    /// <summary>Takes a number in host order for a word on the wire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Word(ushort number) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(number) : number;

    /// <summary>Brings a sum to 16 bits, with every carry added back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Fold(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)((sum & ushort.MaxValue) + (sum >> 16));
    }

    /// <summary>Gets what to write into a checksum field, from the sum of everything else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    /// <summary>Tells whether a sum over everything, checksum included, is that of an undamaged packet.</summary>
    public static bool IsValid(ulong sum) => Fold(sum) == ushort.MaxValue;

    /// <summary>Writes a folded or finished sum.</summary>
    public static void Write(Span<byte> field, ushort sum) => MemoryMarshal.Write(field, sum);

    private static ulong SumWords(ReadOnlySpan<byte> bytes)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var sum = 0UL;
        var at = 0;
        for (; at + sizeof(uint) <= bytes.Length; at += sizeof(uint))
        {
            sum += Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, at));
        }

        if (at + sizeof(ushort) <= bytes.Length)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref first, at));
            at += sizeof(ushort);
        }

        if (at < bytes.Length)
        {
            sum += BitConverter.IsLittleEndian ? bytes[at] : (ulong)bytes[at] << 8;
        }

        return sum;
    }

    /// <summary>Adds 32-bit halves into 64-bit lanes, which 2^32 of them do not overflow.</summary>
    /// <remarks>Vectors of 128 bits: the compiler uses wider ones only if told that every host has them.</remarks>
    private static ulong SumVectors(ReadOnlySpan<byte> bytes)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var low = Vector128.Create((ulong)uint.MaxValue);
        var even = Vector128<ulong>.Zero;
        var odd = Vector128<ulong>.Zero;
        nuint at = 0;
        for (; at + RoundBytes <= (nuint)bytes.Length; at += RoundBytes)
        {
            var a = Vector128.LoadUnsafe(ref first, at).AsUInt64();
            var b = Vector128.LoadUnsafe(ref first, at + VectorBytes).AsUInt64();
            var c = Vector128.LoadUnsafe(ref first, at + (2 * VectorBytes)).AsUInt64();
            var d = Vector128.LoadUnsafe(ref first, at + (3 * VectorBytes)).AsUInt64();
            even += ((a & low) + (b & low)) + ((c & low) + (d & low));
            odd += ((a >>> 32) + (b >>> 32)) + ((c >>> 32) + (d >>> 32));
        }

        for (; at < (nuint)bytes.Length; at += VectorBytes)
        {
            var rest = Vector128.LoadUnsafe(ref first, at).AsUInt64();
            even += rest & low;
            odd += rest >>> 32;
        }

        return Vector128.Sum(even + odd);
    }
}
