using System.Buffers.Binary;
using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Tells the sender of a packet inside the tunnel that it is too long for the path: ICMP "fragmentation needed and DF set" (RFC 792,
/// RFC 1191) or ICMPv6 "packet too big" (RFC 4443).
/// </summary>
/// <remarks>
/// <code>
/// type 3, code 4 | checksum        type 2, code 0 | checksum
/// 0              | MTU             MTU, 32 bits
/// the beginning of the packet      the beginning of the packet
/// </code>
/// Sent in the name of the packet's own destination, the one address that every filter on its way back lets pass.
/// </remarks>
public static class TooBigAnswer
{
    /// <summary>The most that an answer has: 576 bytes over IPv4 (RFC 1812, section 4.3.2.3), 1280 over IPv6.</summary>
    public const int MaxBytes = IPv6MaxBytes;

    private const int IPv4HeaderBytes = 20;
    private const int IPv4MaxBytes = 576;
    private const int IPv6HeaderBytes = 40;
    private const int IPv6MaxBytes = 1280;
    private const int IcmpHeaderBytes = 8;
    private const byte TimeToLive = 64;
    private const byte IcmpProtocol = 1;
    private const byte Icmp6Protocol = 58;

    // Precedence "internetwork control" (RFC 1812, section 4.3.2.5).
    private const byte InternetworkControl = 0xc0;

    /// <summary>Writes the answer to a packet.</summary>
    /// <param name="packet">From the TUN, its header whole; a segmented one may be longer than any single packet.</param>
    /// <param name="mtuBytes">How long a packet may be; over IPv6 at least 1280 is told, below which no host may go.</param>
    /// <param name="answer">At least <see cref="MaxBytes"/>; not the packet itself.</param>
    /// <returns>
    /// The answer's length. 0 if there must be none: to an ICMP error, to a fragment other than the first, to or from an address that is
    /// no single host's (RFC 1122, section 3.2.2; RFC 4443, section 2.4e), or where a smaller IPv6 packet is not to be had.
    /// </returns>
    public static int Build(ReadOnlySpan<byte> packet, int mtuBytes, Span<byte> answer) => packet.IsEmpty ? 0 : (packet[0] >> 4) switch
    {
        4 => BuildIPv4(packet, mtuBytes, answer),
        6 => BuildIPv6(packet, mtuBytes, answer),
        _ => 0,
    };

    private static int BuildIPv4(ReadOnlySpan<byte> packet, int mtuBytes, Span<byte> answer)
    {
        var headerBytes = (packet[0] & 0xf) * 4;
        if (headerBytes < IPv4HeaderBytes || packet.Length < headerBytes)
        {
            return 0;
        }

        var isLaterFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1fff) != 0;
        var source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        var destination = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
        if (isLaterFragment || !IsHost(source) || !IsHost(destination)
            || (packet[9] == IcmpProtocol && (packet.Length == headerBytes || !IsQuery(packet[headerBytes]))))
        {
            return 0;
        }

        var quote = packet[..Math.Min(packet.Length, IPv4MaxBytes - IPv4HeaderBytes - IcmpHeaderBytes)];
        answer = answer[..(IPv4HeaderBytes + IcmpHeaderBytes + quote.Length)];
        WriteIPv4Header(answer, source: destination, destination: source);

        var icmp = answer[IPv4HeaderBytes..];
        icmp[..IcmpHeaderBytes].Clear();
        icmp[0] = 3;
        icmp[1] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(icmp[6..], (ushort)Math.Clamp(mtuBytes, 68, ushort.MaxValue));
        quote.CopyTo(icmp[IcmpHeaderBytes..]);
        Checksum.Write(icmp[2..], Checksum.Finish(Checksum.Sum(icmp)));
        return answer.Length;
    }

    private static void WriteIPv4Header(Span<byte> packet, uint source, uint destination)
    {
        var header = packet[..IPv4HeaderBytes];
        header.Clear();
        header[0] = 0x45;
        header[1] = InternetworkControl;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)packet.Length);

        // Never fragmented, so that it needs no identification (RFC 6864).
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], 0x4000);
        header[8] = TimeToLive;
        header[9] = IcmpProtocol;
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], destination);
        IpHeader.WriteIPv4Checksum(header);
    }

    /// <summary>Neither this network (0/8), nor loopback (127/8), nor multicast, reserved or broadcast (224/3).</summary>
    private static bool IsHost(uint address) => (address >> 24) is not (0 or 127 or >= 224);

    /// <summary>Echo, router discovery, timestamp, information, address mask, extended echo: no errors, and none that we do not know.</summary>
    private static bool IsQuery(byte icmpType) => icmpType is 0 or 8 or 9 or 10 or (>= 13 and <= 18) or 42 or 43;

    private static int BuildIPv6(ReadOnlySpan<byte> packet, int mtuBytes, Span<byte> answer)
    {
        if (packet.Length <= IPv6MaxBytes || !IsHost(packet.Slice(8, 16)) || !IsHost(packet.Slice(24, 16)) || !MayBeAnswered(packet))
        {
            return 0;
        }

        var quote = packet[..(IPv6MaxBytes - IPv6HeaderBytes - IcmpHeaderBytes)];
        answer = answer[..IPv6MaxBytes];
        var header = answer[..IPv6HeaderBytes];
        header.Clear();
        header[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(answer.Length - IPv6HeaderBytes));
        header[6] = Icmp6Protocol;
        header[7] = TimeToLive;
        packet.Slice(24, 16).CopyTo(header[8..]);
        packet.Slice(8, 16).CopyTo(header[24..]);

        var icmp = answer[IPv6HeaderBytes..];
        icmp[..4].Clear();
        icmp[0] = 2;
        BinaryPrimitives.WriteUInt32BigEndian(icmp[4..], (uint)Math.Max(mtuBytes, IPv6MaxBytes));
        quote.CopyTo(icmp[IcmpHeaderBytes..]);

        // The pseudo-header (RFC 8200, section 8.1): both addresses, length, next header.
        var sum = Checksum.PseudoHeader(header[8..], Icmp6Protocol, icmp.Length);
        Checksum.Write(icmp[2..], Checksum.Finish(sum + Checksum.Sum(icmp)));
        return answer.Length;
    }

    /// <summary>Neither unspecified, nor loopback, nor multicast.</summary>
    private static bool IsHost(ReadOnlySpan<byte> address) =>
        address[0] != 0xff && BinaryPrimitives.ReadUInt128BigEndian(address) > 1;

    /// <summary>Walks the extension headers to see whether this is a later fragment, an ICMPv6 error or a redirect.</summary>
    private static bool MayBeAnswered(ReadOnlySpan<byte> packet)
    {
        var next = packet[6];
        for (var rest = packet[IPv6HeaderBytes..]; rest.Length >= 8;)
        {
            var headerBytes = 8 + (8 * rest[1]);
            switch (next)
            {
                case 44:
                    if ((BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) & 0xfff8) != 0)
                    {
                        return false;
                    }

                    headerBytes = 8;
                    break;
                case 51:
                    // Authentication counts words of 4 bytes.
                    headerBytes = 8 + (4 * rest[1]);
                    break;
                case 0 or 43 or 60 or 135 or 139 or 140:
                    break;
                default:
                    return next != Icmp6Protocol || rest[0] is >= 128 and not 137;
            }

            next = rest[0];
            rest = rest[Math.Min(headerBytes, rest.Length)..];
        }

        // It ends before its payload begins: nobody could tell what it is.
        return false;
    }
}
