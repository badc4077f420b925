using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace CniTun.Uapi;

/// <summary>A private or preshared key: 32 bytes that <see cref="ToString"/> does not give away.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SecretKey
{
    private readonly UInt128 high;
    private readonly UInt128 low;

    /// <summary>Initializes a new instance of the <see cref="SecretKey"/> struct.</summary>
    /// <param name="bytes">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public SecretKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != KeyText.ByteCount)
        {
            throw new ArgumentException($"a secret key has {KeyText.ByteCount} bytes, not {bytes.Length}", nameof(bytes));
        }

        high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>Gets a value indicating whether all bytes are zero, which on the UAPI socket means "no key".</summary>
    public bool IsZero => (high | low) == 0;

    /// <summary>Reads 64 hexadecimal digits, as on the UAPI socket.</summary>
    public static bool TryParseHex([NotNullWhen(true)] string? text, out SecretKey key)
    {
        Span<byte> bytes = stackalloc byte[KeyText.ByteCount];
        var valid = KeyText.TryParseHex(text, bytes);
        key = valid ? new SecretKey(bytes) : default;
        return valid;
    }

    /// <summary>Reads 44 characters of base64, as in a key file.</summary>
    public static bool TryParseBase64([NotNullWhen(true)] string? text, out SecretKey key)
    {
        Span<byte> bytes = stackalloc byte[KeyText.ByteCount];
        var valid = KeyText.TryParseBase64(text, bytes);
        key = valid ? new SecretKey(bytes) : default;
        return valid;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <param name="destination">At least 32 bytes.</param>
    public void Write(Span<byte> destination) => KeyText.Write(high, low, destination);

    /// <summary>Gets the secret itself as 64 lower-case hexadecimal digits.</summary>
    public string ToHex() => KeyText.ToHex(high, low);

    /// <summary>Gets the secret itself as 44 characters of base64.</summary>
    public string ToBase64() => KeyText.ToBase64(high, low);

    public override string ToString() => "(secret)";
}
