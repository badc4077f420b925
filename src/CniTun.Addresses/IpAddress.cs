using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Serialization;

namespace CniTun.Addresses;

/// <summary>An IPv4 or IPv6 address as a number: a value without allocation, ordered, with arithmetic for ranges.</summary>
/// <remarks>
/// Stored in 128 bits, IPv4 in the lowest 32; the family is kept beside it, so that 10.0.0.1 and ::a00:1 differ.
/// <c>default</c> is 0.0.0.0.
/// </remarks>
[JsonConverter(typeof(IpAddressJsonConverter))]
public readonly record struct IpAddress : IComparable<IpAddress>
{
    private readonly UInt128 value;

    private IpAddress(UInt128 value, bool isIPv6)
    {
        this.value = value;
        IsIPv6 = isIPv6;
    }

    /// <summary>Gets a value indicating whether the family is IPv6; IPv4 otherwise.</summary>
    public bool IsIPv6 { get; }

    /// <summary>Gets 32 or 128.</summary>
    public int Bits => IsIPv6 ? 128 : 32;

    /// <summary>Gets 4 or 16: how many bytes the address takes on the wire.</summary>
    public int ByteCount => IsIPv6 ? 16 : 4;

    /// <summary>Gets the address as a number in host order; for IPv4 below 2^32.</summary>
    public UInt128 Value => value;

    /// <summary>Gets a value indicating whether this is 0.0.0.0 or ::.</summary>
    public bool IsUnspecified => value == 0;

    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;

    /// <summary>Makes an IPv4 address from its number in host order: 0x0A000001 is 10.0.0.1.</summary>
    public static IpAddress FromIPv4(uint value) => new(value, isIPv6: false);

    /// <summary>Makes an IPv6 address from its number in host order.</summary>
    public static IpAddress FromIPv6(UInt128 value) => new(value, isIPv6: true);

    /// <summary>Reads an address in network order.</summary>
    /// <param name="bytes">Exactly 4 bytes (IPv4) or 16 bytes (IPv6).</param>
    /// <exception cref="ArgumentException">Any other length.</exception>
    public static IpAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => FromIPv6(BinaryPrimitives.ReadUInt128BigEndian(bytes)),
        _ => throw new ArgumentException($"an IP address has 4 or 16 bytes, not {bytes.Length}", nameof(bytes)),
    };

    /// <summary>Reads the text form strictly: four decimal numbers without leading zeros, or RFC 4291 without zone or brackets.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        address = default;
        if (text is null || text.AsSpan().IndexOfAny("%[]/ ") >= 0 || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        // The framework also reads "10.1", "0x0a.1.1.1" and "010.1.1.1", each of which other programs read otherwise.
        if (parsed.AddressFamily == AddressFamily.InterNetwork && !string.Equals(parsed.ToString(), text, StringComparison.Ordinal))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        _ = parsed.TryWriteBytes(bytes, out var written);
        address = FromBytes(bytes[..written]);
        return true;
    }

    /// <summary>Reads the text form as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>Gets the address that lies <paramref name="distance"/> further.</summary>
    /// <exception cref="OverflowException">The result lies outside the family's space.</exception>
    public IpAddress Add(UInt128 distance)
    {
        var sum = checked(value + distance);
        return IsIPv6 || sum <= uint.MaxValue ? new(sum, IsIPv6) : throw new OverflowException($"{this} + {distance} is no IPv4 address");
    }

    /// <summary>Writes the address in network order.</summary>
    /// <param name="destination">At least <see cref="ByteCount"/> bytes.</param>
    /// <returns>How many bytes were written: 4 or 16.</returns>
    public int Write(Span<byte> destination)
    {
        if (IsIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, value);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)value);
        return 4;
    }

    /// <summary>Orders IPv4 before IPv6, then by number.</summary>
    public int CompareTo(IpAddress other) =>
        IsIPv6 == other.IsIPv6 ? value.CompareTo(other.value) : IsIPv6.CompareTo(other.IsIPv6);

    /// <summary>Gets the usual text form; for IPv6 that of RFC 5952.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..Write(bytes)]).ToString();
    }
}
