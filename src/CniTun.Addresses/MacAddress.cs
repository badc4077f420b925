using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CniTun.Addresses;

/// <summary>A 48-bit Ethernet address.</summary>
/// <param name="Value">The address as a number in host order, below 2^48.</param>
public readonly record struct MacAddress(ulong Value)
{
    public const int ByteCount = 6;

    /// <summary>Reads six bytes in the order of the wire.</summary>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != ByteCount)
        {
            throw new ArgumentException($"an Ethernet address has 6 bytes, not {bytes.Length}", nameof(bytes));
        }

        return new(((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));
    }

    /// <summary>Reads six pairs of hexadecimal digits, with colons or with hyphens between, or three groups of four with dots between.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        var (separator, digits) = text switch
        {
            { Length: 17 } => (text[2], 2),
            { Length: 14 } => (text[4], 4),
            _ => default,
        };
        if (separator is not (':' or '-' or '.') || separator == '.' != (digits == 4))
        {
            return false;
        }

        var value = 0UL;
        for (var i = 0; i < text!.Length; i += digits + 1)
        {
            if ((i + digits < text.Length && text[i + digits] != separator)
                || !ushort.TryParse(text.AsSpan(i, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var part))
            {
                return false;
            }

            value = (value << (4 * digits)) | part;
        }

        mac = new MacAddress(value);
        return true;
    }

    /// <summary>Writes six bytes in the order of the wire.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)Value);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[ByteCount];
        Write(bytes);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}:{bytes[3]:x2}:{bytes[4]:x2}:{bytes[5]:x2}");
    }
}
