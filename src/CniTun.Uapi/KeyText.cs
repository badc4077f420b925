using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace CniTun.Uapi;

/// <summary>The two text forms of a 32-byte key: lower-case hexadecimal on the UAPI socket, base64 towards people.</summary>
internal static class KeyText
{
    public const int ByteCount = 32;

    public static string ToHex(UInt128 high, UInt128 low)
    {
        Span<byte> bytes = stackalloc byte[ByteCount];
        Write(high, low, bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public static string ToBase64(UInt128 high, UInt128 low)
    {
        Span<byte> bytes = stackalloc byte[ByteCount];
        Write(high, low, bytes);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>Reads exactly 64 hexadecimal digits of either case.</summary>
    public static bool TryParseHex([NotNullWhen(true)] string? text, Span<byte> bytes) =>
        text?.Length == 2 * ByteCount
        && Convert.FromHexString(text, bytes, out _, out var written) == System.Buffers.OperationStatus.Done
        && written == ByteCount;

    /// <summary>Reads exactly 44 base64 characters without white space.</summary>
    public static bool TryParseBase64([NotNullWhen(true)] string? text, Span<byte> bytes) =>
        text?.Length == 44
        && !text.AsSpan().ContainsAny(" \t\r\n")
        && Convert.TryFromBase64String(text, bytes, out var written)
        && written == ByteCount;

    public static void Write(UInt128 high, UInt128 low, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], low);
    }
}
