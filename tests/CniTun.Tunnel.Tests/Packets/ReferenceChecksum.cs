using System.Buffers.Binary;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Checksums word by word, as RFC 1071, RFC 791, RFC 9293, RFC 768 and RFC 8200 (8.1) tell them. Slow and obviously right.</summary>
internal static class ReferenceChecksum
{
    /// <summary>Adds up 16-bit words in network order with end-around carry; an odd byte as if a zero followed.</summary>
    public static ushort Sum(ReadOnlySpan<byte> bytes, ushort before = 0)
    {
        uint sum = before;
        for (var i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)sum;
    }

    /// <summary>Adds up the pseudo header of a packet: addresses, length of what the IP header carries, protocol.</summary>
    public static ushort PseudoHeader(ReadOnlySpan<byte> packet, int ipHeaderBytes, byte protocol)
    {
        var addresses = packet[0] >> 4 == 6 ? packet.Slice(8, 32) : packet.Slice(12, 8);
        var length = packet.Length - ipHeaderBytes;
        return Sum([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, 0, 0, 0, protocol], Sum(addresses));
    }

    public static bool IsIPv4Valid(ReadOnlySpan<byte> packet) => Sum(packet[..((packet[0] & 15) * 4)]) == 0xffff;

    public static void WriteIPv4(Span<byte> packet)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)~Sum(packet[..((packet[0] & 15) * 4)]));
    }

    public static bool IsTransportValid(ReadOnlySpan<byte> packet, int ipHeaderBytes, byte protocol) =>
        Sum(packet[ipHeaderBytes..], PseudoHeader(packet, ipHeaderBytes, protocol)) == 0xffff;

    /// <summary>Writes the checksum of TCP or UDP, which for UDP is never 0.</summary>
    public static void WriteTransport(Span<byte> packet, int ipHeaderBytes, byte protocol)
    {
        var field = packet[(ipHeaderBytes + (protocol == 6 ? 16 : 6))..];
        BinaryPrimitives.WriteUInt16BigEndian(field, 0);
        var checksum = (ushort)~Sum(packet[ipHeaderBytes..], PseudoHeader(packet, ipHeaderBytes, protocol));
        BinaryPrimitives.WriteUInt16BigEndian(field, checksum == 0 && protocol == 17 ? (ushort)0xffff : checksum);
    }
}
