using System.Buffers.Binary;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Holds what inner endpoints see against what was sent to them: flow by flow, in order, byte for byte.</summary>
internal static class ReferenceOrder
{
    /// <summary>Fails unless the writes, after the kernel has done its part, are the packets that were accepted.</summary>
    /// <remarks>
    /// What was cut out of a superpacket may differ in two ways that mean nothing: the identification of an IPv4 packet with DF
    /// (RFC 6864), and a checksum of 0 for one of all ones where both say the same (TCP, the IPv4 header).
    /// </remarks>
    public static void AssertSame(IEnumerable<byte[]> accepted, IEnumerable<byte[]> writes) => AssertSeen(accepted, writes.SelectMany(write =>
        ReferenceKernel.Fault(write) is { } fault
            ? throw new InvalidOperationException($"{fault}: {Convert.ToHexString(write)}")
            : ReferenceKernel.Process(write).Select(packet => (packet, write[1] != 0))));

    /// <summary>Likewise, for packets that were seen, and whether each may have been cut out of a superpacket.</summary>
    public static void AssertSeen(IEnumerable<byte[]> accepted, IEnumerable<(byte[] Packet, bool WasCut)> packets)
    {
        var expected = accepted.GroupBy(FlowOf, StringComparer.Ordinal).ToDictionary(flow => flow.Key, flow => new Queue<byte[]>(flow), StringComparer.Ordinal);
        foreach (var (packet, wasCut) in packets)
        {
            if (!expected.TryGetValue(FlowOf(packet), out var flow) || !flow.TryDequeue(out var next))
            {
                throw new InvalidOperationException($"a packet that nobody sent: {Convert.ToHexString(packet)}");
            }

            if (!packet.AsSpan().SequenceEqual(next) && !(wasCut && Normal(packet).AsSpan().SequenceEqual(Normal(next))))
            {
                throw new InvalidOperationException($"sent: {Convert.ToHexString(next)}\nseen: {Convert.ToHexString(packet)}");
            }
        }

        if (expected.Values.Any(flow => flow.Count > 0))
        {
            throw new InvalidOperationException($"lost: {Convert.ToHexString(expected.Values.First(flow => flow.Count > 0).Peek())}");
        }
    }

    /// <summary>Names the flow: addresses and protocol, and for TCP and UDP that is no fragment the ports.</summary>
    public static string FlowOf(byte[] packet)
    {
        var isIPv6 = packet[0] >> 4 == 6;
        var headerBytes = isIPv6 ? 40 : (packet[0] & 15) * 4;
        var protocol = packet[isIPv6 ? 6 : 9];
        var addresses = isIPv6 ? packet.AsSpan(8, 32) : packet.AsSpan(12, 8);
        var isFragment = !isIPv6 && (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(6)) & 0x3fff) != 0;
        var hasPorts = protocol is 6 or 17 && !isFragment && packet.Length >= headerBytes + 4;
        return $"{protocol} {Convert.ToHexString(addresses)} {(hasPorts ? Convert.ToHexString(packet, headerBytes, 4) : string.Empty)}";
    }

    private static byte[] Normal(byte[] packet)
    {
        packet = [.. packet];
        var isIPv6 = packet[0] >> 4 == 6;
        if (!isIPv6 && ReferenceChecksum.IsIPv4Valid(packet))
        {
            if ((packet[6] & 0x40) != 0)
            {
                packet[4] = packet[5] = 0;
            }

            ReferenceChecksum.WriteIPv4(packet);
        }

        var protocol = packet[isIPv6 ? 6 : 9];
        var ipHeaderBytes = isIPv6 ? 40 : 20;
        if (protocol is InnerPacket.Tcp && ReferenceChecksum.IsTransportValid(packet, ipHeaderBytes, protocol))
        {
            ReferenceChecksum.WriteTransport(packet, ipHeaderBytes, protocol);
        }

        return packet;
    }
}
