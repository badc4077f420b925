using System.Buffers.Binary;
using CniTun.Addresses;

namespace CniTun.Tunnel.Packets;

/// <summary>A borrowed view of one IPv4 (RFC 791) or IPv6 (RFC 8200) packet whose header was checked against what is there.</summary>
/// <remarks>
/// <code>
/// IPv4 byte 0: version 4, header length in words    2: total length                     12: source    16: destination
/// IPv6 byte 0: version 6, ...                       4: length of what follows byte 40    8: source    24: destination
/// </code>
/// Options, extension headers, fragments and checksums are the business of the hosts at both ends.
/// </remarks>
public readonly ref struct IpPacket
{
    private const int IPv4HeaderBytes = 20;
    private const int IPv6HeaderBytes = 40;

    private IpPacket(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>Gets the packet without what may have come behind its end.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public IpAddress Source => IsIPv6 ? IpAddress.FromBytes(Bytes.Slice(8, 16)) : IpAddress.FromBytes(Bytes.Slice(12, 4));

    public IpAddress Destination => IsIPv6 ? IpAddress.FromBytes(Bytes.Slice(24, 16)) : IpAddress.FromBytes(Bytes.Slice(16, 4));

    private bool IsIPv6 => Bytes[0] >> 4 == 6;

    /// <summary>Checks version, header length and total length.</summary>
    /// <returns><see cref="Drop.None"/>, <see cref="Drop.NotIp"/>, <see cref="Drop.BadHeader"/> or <see cref="Drop.BadLength"/>.</returns>
    public static Drop TryParse(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        packet = default;
        return bytes.IsEmpty ? Drop.NotIp : (bytes[0] >> 4) switch
        {
            4 => TryParseIPv4(bytes, out packet),
            6 => TryParseIPv6(bytes, out packet),
            _ => Drop.NotIp,
        };
    }

    private static Drop TryParseIPv4(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        packet = default;
        var headerBytes = (bytes[0] & 0xf) * 4;
        if (headerBytes < IPv4HeaderBytes || bytes.Length < headerBytes)
        {
            return Drop.BadHeader;
        }

        var totalBytes = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (totalBytes < headerBytes || totalBytes > bytes.Length)
        {
            return Drop.BadLength;
        }

        packet = new IpPacket(bytes[..totalBytes]);
        return Drop.None;
    }

    /// <remarks>Jumbograms (RFC 2675, a length of 0) fit in no datagram, so 0 is taken as said.</remarks>
    private static Drop TryParseIPv6(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        packet = default;
        if (bytes.Length < IPv6HeaderBytes)
        {
            return Drop.BadHeader;
        }

        var totalBytes = IPv6HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (totalBytes > bytes.Length)
        {
            return Drop.BadLength;
        }

        packet = new IpPacket(bytes[..totalBytes]);
        return Drop.None;
    }
}
