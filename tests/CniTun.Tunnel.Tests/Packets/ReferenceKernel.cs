using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>
/// What a kernel makes of a packet with its virtio header: the packets that go over a wire, one array each. Written from the
/// RFCs and the virtio specification, without a thought of speed.
/// </summary>
internal static class ReferenceKernel
{
    private const int MaxUdpSegments = 64;

    /// <summary>Does what the header says is left to do.</summary>
    public static List<byte[]> Process(ReadOnlySpan<byte> written)
    {
        var header = MemoryMarshal.Read<VirtioHeader>(written);
        var packet = written[VirtioHeader.Bytes..].ToArray();
        if (header.GsoType != 0)
        {
            return Cut(packet, header);
        }

        if ((header.Flags & 1) != 0)
        {
            Finish(packet, header.CsumStart, header.CsumOffset);
        }

        return [packet];
    }

    /// <summary>Says what is wrong with a superpacket that was written to a TUN; null if the kernel takes it as it is meant.</summary>
    public static string? Fault(ReadOnlySpan<byte> written)
    {
        var header = MemoryMarshal.Read<VirtioHeader>(written);
        var packet = written[VirtioHeader.Bytes..];
        if (header.GsoType == 0)
        {
            return !written[..VirtioHeader.Bytes].ContainsAnyExcept((byte)0) ? null : "a packet alone with a virtio header that says something";
        }

        var isIPv6 = packet[0] >> 4 == 6;
        var ipHeaderBytes = isIPv6 ? 40 : 20;
        var protocol = packet[isIPv6 ? 6 : 9];
        var isTcp = protocol == 6;
        var headers = ipHeaderBytes + (isTcp ? (packet[ipHeaderBytes + 12] >> 4) * 4 : 8);
        var payload = packet.Length - headers;
        var checksum = BinaryPrimitives.ReadUInt16BigEndian(packet[(ipHeaderBytes + (isTcp ? 16 : 6))..]);
        var length = isIPv6 ? 40 + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) : BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        return header.Flags != 1 ? "no unfinished checksum"
            : header.GsoType != (isTcp ? (isIPv6 ? 4 : 1) : 5) ? "a type that the packet is not of"
            : protocol is not (6 or 17) ? "neither TCP nor UDP"
            : !isIPv6 && packet[0] != 0x45 ? "IP options"
            : header.CsumStart != ipHeaderBytes || header.CsumOffset != (isTcp ? 16 : 6) ? "a checksum somewhere else"
            : header.HdrLen != headers ? "a wrong length of headers"
            : header.GsoSize == 0 || payload <= header.GsoSize ? "one segment or none"
            : (payload + header.GsoSize - 1) / header.GsoSize > MaxUdpSegments ? "too many segments"
            : length != packet.Length ? "a wrong length of the packet"
            : !isIPv6 && !ReferenceChecksum.IsIPv4Valid(packet) ? "a wrong checksum of the IP header"
            : !isTcp && BinaryPrimitives.ReadUInt16BigEndian(packet[(ipHeaderBytes + 4)..]) != packet.Length - ipHeaderBytes ? "a wrong length of UDP"
            : checksum % 0xffff != ReferenceChecksum.PseudoHeader(packet, ipHeaderBytes, protocol) % 0xffff ? "a wrong unfinished checksum"
            : null;
    }

    public static List<byte[]> Cut(byte[] packet, VirtioHeader header)
    {
        var segments = new List<byte[]>();
        var isTcp = (header.GsoType & 0x7f) != VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4;
        var transport = header.CsumStart;
        var headers = transport + (isTcp ? (packet[transport + 12] >> 4) * 4 : 8);
        for (var at = headers; at < packet.Length; at += header.GsoSize)
        {
            var end = Math.Min(packet.Length, at + header.GsoSize);
            byte[] segment = [.. packet[..headers], .. packet[at..end]];
            WriteIp(segment, segments.Count);
            WriteTransport(segment, transport, isTcp, at - headers, end == packet.Length);
            if (packet[0] >> 4 == 6 && transport > 40)
            {
                WriteChecksumBehindExtensions(segment, packet, transport, isTcp);
            }

            segments.Add(segment);
        }

        return segments;
    }

    /// <summary>Adds up from a start to the end, the field included, and writes the complement there.</summary>
    private static void Finish(Span<byte> packet, int start, int offset)
    {
        var checksum = (ushort)~ReferenceChecksum.Sum(packet[start..]);

        // UDP's offset: its 0 says that there is none.
        BinaryPrimitives.WriteUInt16BigEndian(packet[(start + offset)..], checksum == 0 && offset == 6 ? (ushort)0xffff : checksum);
    }

    private static void WriteIp(byte[] segment, int index)
    {
        if (segment[0] >> 4 == 6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)(segment.Length - 40));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)segment.Length);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(4)) + index));
        ReferenceChecksum.WriteIPv4(segment);
    }

    private static void WriteTransport(byte[] segment, int transport, bool isTcp, int offset, bool isLast)
    {
        if (isTcp)
        {
            var sequence = segment.AsSpan(transport + 4);
            BinaryPrimitives.WriteUInt32BigEndian(sequence, BinaryPrimitives.ReadUInt32BigEndian(sequence) + (uint)offset);
            if (offset != 0)
            {
                segment[transport + 13] &= unchecked((byte)~InnerPacket.Cwr);
            }

            if (!isLast)
            {
                segment[transport + 13] &= unchecked((byte)~(InnerPacket.Fin | InnerPacket.Psh));
            }
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(transport + 4), (ushort)(segment.Length - transport));
        }

        ReferenceChecksum.WriteTransport(segment, transport, isTcp ? InnerPacket.Tcp : InnerPacket.Udp);
    }

    /// <summary>Believes the superpacket's unfinished checksum, but for its length: a routing header may say another destination.</summary>
    private static void WriteChecksumBehindExtensions(byte[] segment, byte[] packet, int transport, bool isTcp)
    {
        var field = transport + (isTcp ? 16 : 6);
        var length = segment.Length - transport;
        var partial = ReferenceChecksum.Sum([packet[field], packet[field + 1], .. Complement(packet.Length - transport), (byte)(length >> 8), (byte)length]);
        segment[field] = segment[field + 1] = 0;
        var checksum = (ushort)~ReferenceChecksum.Sum(segment.AsSpan(transport), partial);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(field), checksum == 0 && !isTcp ? (ushort)0xffff : checksum);
    }

    private static byte[] Complement(int number) => [(byte)~(number >> 8), (byte)~number];
}
