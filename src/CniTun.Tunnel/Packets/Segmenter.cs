using System.Buffers.Binary;
using CniTun.Linux.Buffers;
using CniTun.Tunnel.Headers;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Cuts a superpacket into the packets that its sender would have made: each with finished lengths, sequence number, flags and
/// checksums. Payload is not copied: a segment is a new header and a piece of the payload where it lies.
/// </summary>
internal static class Segmenter
{
    /// <summary>The longest headers that are cut: IPv4 with all options and TCP with all options have 120 bytes.</summary>
    public const int MaxHeaderBytes = 512;

    // On the last segment alone.
    private const byte LastOnly = TransportHeader.Fin | TransportHeader.Psh;

    /// <summary>Adds each segment to the peer's trains.</summary>
    /// <param name="packet">The superpacket.</param>
    /// <param name="bytes">Where it lies.</param>
    /// <param name="how">As checked against it.</param>
    /// <param name="peer">With an endpoint.</param>
    /// <param name="trains">They may be sent in between.</param>
    public static void Cut(in IpPacket packet, MemoryPiece bytes, in Superpacket how, Peer peer, TrainSet trains)
    {
        var trafficClass = packet.TrafficClass;
        var template = packet.Bytes[..how.HeaderBytes];
        var payloadBytes = packet.Bytes.Length - how.HeaderBytes;
        var flowSum = FlowSum(packet.Bytes, how);
        for (int offset = 0, index = 0; offset < payloadBytes; offset += how.SegmentPayloadBytes, index++)
        {
            var length = Math.Min(how.SegmentPayloadBytes, payloadBytes - offset);
            var train = trains.For(peer, trafficClass, how.HeaderBytes + length, how.HeaderBytes);
            var payload = new MemoryPiece(bytes.Address + how.HeaderBytes + offset, length);
            var header = train.Add(how.HeaderBytes, payload);
            template.CopyTo(header);
            WriteIp(header, packet.IsIPv6, index, length);
            WriteTransport(header, how, offset, isLast: offset + length == payloadBytes, flowSum, payload.Span);
        }
    }

    /// <summary>Copies one segment, for what needs it in one piece.</summary>
    /// <param name="packet">The superpacket.</param>
    /// <param name="how">As checked against it.</param>
    /// <param name="index">From 0.</param>
    /// <param name="segment">As long as the packet.</param>
    /// <returns>Its length; 0 behind the last one.</returns>
    public static int Copy(in IpPacket packet, in Superpacket how, int index, Span<byte> segment)
    {
        var offset = index * how.SegmentPayloadBytes;
        var payload = packet.Bytes[Math.Min(how.HeaderBytes + offset, packet.Bytes.Length)..];
        if (payload.IsEmpty)
        {
            return 0;
        }

        var isLast = payload.Length <= how.SegmentPayloadBytes;
        payload = isLast ? payload : payload[..how.SegmentPayloadBytes];
        packet.Bytes[..how.HeaderBytes].CopyTo(segment);
        payload.CopyTo(segment[how.HeaderBytes..]);
        WriteIp(segment[..how.HeaderBytes], packet.IsIPv6, index, payload.Length);
        WriteTransport(segment[..how.HeaderBytes], how, offset, isLast, FlowSum(packet.Bytes, how), payload);
        return how.HeaderBytes + payload.Length;
    }

    /// <summary>Adds up the pseudo header but for the length.</summary>
    /// <remarks>
    /// Behind extension headers it is taken from the unfinished checksum: one of them may be a routing header, whose last address is
    /// the destination that counts (RFC 8200, section 8.1).
    /// </remarks>
    private static ulong FlowSum(ReadOnlySpan<byte> packet, in Superpacket how)
    {
        if (packet[0] >> 4 != 6 || how.TransportOffset == IpPacket.IPv6HeaderBytes)
        {
            return Checksum.PseudoHeader(IpHeader.Addresses(packet), how.Protocol, 0);
        }

        var length = (ushort)(packet.Length - how.TransportOffset);
        return Checksum.Sum(packet.Slice(how.TransportOffset + how.ChecksumOffset, sizeof(ushort))) + (ushort)~Checksum.Word(length);
    }

    /// <summary>Writes length, and for IPv4 identification (one more for each segment, as the kernel's own cutting does) and checksum.</summary>
    private static void WriteIp(Span<byte> header, bool isIPv6, int index, int payloadBytes)
    {
        if (isIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(header.Length - IpPacket.IPv6HeaderBytes + payloadBytes));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(header.Length + payloadBytes));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(header[4..]) + index));
        IpHeader.WriteIPv4Checksum(header);
    }

    private static void WriteTransport(Span<byte> header, in Superpacket how, int offset, bool isLast, ulong flowSum, ReadOnlySpan<byte> payload)
    {
        var transport = header[how.TransportOffset..];
        var transportBytes = transport.Length + payload.Length;
        if (how.IsTcp)
        {
            var sequence = transport[TransportHeader.TcpSequenceOffset..];
            BinaryPrimitives.WriteUInt32BigEndian(sequence, BinaryPrimitives.ReadUInt32BigEndian(sequence) + (uint)offset);
            ref var flags = ref transport[TransportHeader.TcpFlagsOffset];
            flags &= (byte)~((isLast ? 0 : LastOnly) | (offset == 0 ? 0 : TransportHeader.Cwr));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[TransportHeader.UdpLengthOffset..], (ushort)transportBytes);
        }

        var field = transport[how.ChecksumOffset..];
        Checksum.Write(field, 0);
        var sum = Checksum.Finish(flowSum + Checksum.Word((ushort)transportBytes) + Checksum.Sum(transport) + Checksum.Sum(payload));
        Checksum.Write(field, sum == 0 && !how.IsTcp ? ushort.MaxValue : sum);
    }
}
