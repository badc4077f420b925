using System.Buffers.Binary;
using CniTun.Addresses;

namespace CniTun.Tunnel.Packets;

/// <summary>A borrowed view of one IPv4 (RFC 791) or IPv6 (RFC 8200) packet whose header was checked against what is there.</summary>
/// <remarks>
/// <code>
/// IPv4 byte 0: version 4, header length in words    1: class    2: total length    4: id    6: DF, MF, offset
///           8: TTL    9: protocol    10: checksum    12: source    16: destination
/// IPv6 byte 0: version 6, class, flow label    4: length of what follows byte 40    6: next header    7: hop limit
///           8: source    24: destination
/// </code>
/// Options, extension headers, fragments and checksums are the business of the hosts at both ends.
/// </remarks>
public readonly ref struct IpPacket
{
    public const int IPv4HeaderBytes = 20;
    public const int IPv6HeaderBytes = 40;

    private const int DontFragmentBit = 0x4000;

    private IpPacket(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>Gets the packet without what may have come behind its end.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public bool IsIPv6 => Bytes[0] >> 4 == 6;

    public IpAddress Source => IsIPv6 ? IpAddress.FromBytes(Bytes.Slice(8, 16)) : IpAddress.FromBytes(Bytes.Slice(12, 4));

    public IpAddress Destination => IsIPv6 ? IpAddress.FromBytes(Bytes.Slice(24, 16)) : IpAddress.FromBytes(Bytes.Slice(16, 4));

    /// <summary>Gets DSCP (6 bits) and ECN (2 bits).</summary>
    public byte TrafficClass => IsIPv6 ? (byte)(BinaryPrimitives.ReadUInt16BigEndian(Bytes) >> 4) : Bytes[1];

    /// <summary>Gets a value indicating whether the packet must arrive whole: IPv4 with DF, and all of IPv6.</summary>
    public bool MustNotBeFragmented => IsIPv6 || (BinaryPrimitives.ReadUInt16BigEndian(Bytes[6..]) & DontFragmentBit) != 0;

    /// <summary>Gets a value indicating whether the destination is a multicast group (224.0.0.0/4, ff00::/8).</summary>
    public bool IsMulticast => IsIPv6 ? Bytes[24] == 0xff : Bytes[16] >> 4 == 0xe;

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
