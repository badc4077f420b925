using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace CniTun.Uapi;

/// <summary>A Curve25519 public key, which is a peer's name.</summary>
/// <remarks>32 bytes kept as two numbers, so that the value compares and hashes without allocation.</remarks>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PublicKey
{
    private readonly UInt128 high;
    private readonly UInt128 low;

    /// <summary>Initializes a new instance of the <see cref="PublicKey"/> struct.</summary>
    /// <param name="bytes">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public PublicKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != ByteCount)
        {
            throw new ArgumentException($"a public key has {ByteCount} bytes, not {bytes.Length}", nameof(bytes));
        }

        high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>Gets 32.</summary>
    public static int ByteCount => KeyText.ByteCount;

    /// <summary>Reads 64 hexadecimal digits, as on the UAPI socket.</summary>
    public static bool TryParseHex([NotNullWhen(true)] string? text, out PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[KeyText.ByteCount];
        var valid = KeyText.TryParseHex(text, bytes);
        key = valid ? new PublicKey(bytes) : default;
        return valid;
    }

    /// <summary>Reads 44 characters of base64, as <c>wg</c> prints a key.</summary>
    public static bool TryParseBase64([NotNullWhen(true)] string? text, out PublicKey key)
    {
        Span<byte> bytes = stackalloc byte[KeyText.ByteCount];
        var valid = KeyText.TryParseBase64(text, bytes);
        key = valid ? new PublicKey(bytes) : default;
        return valid;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <param name="destination">At least 32 bytes.</param>
    public void Write(Span<byte> destination) => KeyText.Write(high, low, destination);

    /// <summary>Gets 64 lower-case hexadecimal digits.</summary>
    public string ToHex() => KeyText.ToHex(high, low);

    /// <summary>Gets 44 characters of base64.</summary>
    public string ToBase64() => KeyText.ToBase64(high, low);

    /// <summary>Gets the base64 form, which is what people see elsewhere.</summary>
    public override string ToString() => ToBase64();
}
