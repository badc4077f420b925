using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CniTun.Addresses;

/// <summary>An address and a UDP port: where a peer's tunnel listens.</summary>
public readonly record struct IpEndpoint(IpAddress Address, ushort Port)
{
    /// <summary>Reads "10.0.0.1:6080" or "[fd00::1]:6080".</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpEndpoint endpoint)
    {
        endpoint = default;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text![..colon];
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IpAddress.TryParse(bracketed ? host[1..^1] : host, out var address) || address.IsIPv6 != bracketed)
        {
            return false;
        }

        endpoint = new IpEndpoint(address, port);
        return true;
    }

    /// <summary>Reads the text form as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is not an address with a port.</exception>
    public static IpEndpoint Parse(string text) =>
        TryParse(text, out var endpoint) ? endpoint : throw new FormatException($"'{text}' is not an address with a port");

    public override string ToString() =>
        Address.IsIPv6
            ? string.Create(CultureInfo.InvariantCulture, $"[{Address}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"{Address}:{Port}");
}
