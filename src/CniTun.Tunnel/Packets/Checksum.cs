using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CniTun.Tunnel.Packets;

/// <summary>The Internet checksum (RFC 1071), as sums that are added up and folded at the end.</summary>
/// <remarks>
/// A sum is of 16-bit words as the machine reads them, not as they stand on the wire: the ones' complement sum of swapped
/// words is the swapped sum, so that a folded sum is written as it was read. Numbers in host order are added by
/// <see cref="Word"/>.
/// </remarks>
internal static class Checksum
{
    private const int VectorBytes = 32;

    /// <summary>Adds up bytes; an odd last one as if a zero followed.</summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        if (!Avx2.IsSupported || bytes.Length < 2 * VectorBytes)
        {
            return SumWords(bytes);
        }

        var vectors = bytes.Length & ~(VectorBytes - 1);
        return SumVectors(bytes[..vectors]) + SumWords(bytes[vectors..]);
    }

    /// <summary>Adds up what RFC 9293 and RFC 8200 put before TCP and UDP for the checksum.</summary>
    /// <param name="addresses">Source and destination: 8 or 32 bytes.</param>
    /// <param name="protocol">IPPROTO_TCP or IPPROTO_UDP.</param>
    /// <param name="transportBytes">Header and payload.</param>
    public static ulong PseudoHeader(ReadOnlySpan<byte> addresses, byte protocol, int transportBytes) =>
        SumWords(addresses) + Word(protocol) + Word((ushort)transportBytes);

    /// <summary>Takes a number in host order for a word on the wire.</summary>
    public static ulong Word(ushort number) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(number) : number;

    /// <summary>Brings a sum to 16 bits, with every carry added back.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)((sum & ushort.MaxValue) + (sum >> 16));
    }

    /// <summary>Gets what to write into a checksum field, from the sum of everything else.</summary>
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
    private static ulong SumVectors(ReadOnlySpan<byte> bytes)
    {
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var low = Vector256.Create((ulong)uint.MaxValue);
        var even = Vector256<ulong>.Zero;
        var odd = Vector256<ulong>.Zero;
        var at = 0;
        for (; at + (2 * VectorBytes) <= bytes.Length; at += 2 * VectorBytes)
        {
            var left = Vector256.LoadUnsafe(ref first, (nuint)at).AsUInt64();
            var right = Vector256.LoadUnsafe(ref first, (nuint)(at + VectorBytes)).AsUInt64();
            even = Avx2.Add(even, Avx2.Add(Avx2.And(left, low), Avx2.And(right, low)));
            odd = Avx2.Add(odd, Avx2.Add(Avx2.ShiftRightLogical(left, 32), Avx2.ShiftRightLogical(right, 32)));
        }

        if (at < bytes.Length)
        {
            var rest = Vector256.LoadUnsafe(ref first, (nuint)at).AsUInt64();
            even = Avx2.Add(even, Avx2.And(rest, low));
            odd = Avx2.Add(odd, Avx2.ShiftRightLogical(rest, 32));
        }

        return Vector256.Sum(Avx2.Add(even, odd));
    }
}
