namespace CniTun.Tunnel.Headers;

/// <summary>What is read from and written to IP headers that were checked before.</summary>
internal static class IpHeader
{
    private const int ChecksumOffset = 10;

    /// <summary>Gets source and destination of an IPv4 or IPv6 header, as the pseudo header has them.</summary>
    public static ReadOnlySpan<byte> Addresses(ReadOnlySpan<byte> header) => header[0] >> 4 == 6 ? header.Slice(8, 32) : header.Slice(12, 8);

    /// <summary>Tells whether an IPv4 header is undamaged.</summary>
    public static bool HasValidIPv4Checksum(ReadOnlySpan<byte> header) => Checksum.IsValid(Checksum.Sum(OwnIPv4(header)));

    /// <summary>Computes an IPv4 header's checksum anew.</summary>
    public static void WriteIPv4Checksum(Span<byte> header)
    {
        var field = header[ChecksumOffset..];
        Checksum.Write(field, 0);
        Checksum.Write(field, Checksum.Finish(Checksum.Sum(OwnIPv4(header))));
    }

    private static ReadOnlySpan<byte> OwnIPv4(ReadOnlySpan<byte> header) => header[..((header[0] & 0xf) * 4)];
}
