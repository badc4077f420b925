using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>What becomes of one packet or one datagram at <see cref="LeftNode"/> and <see cref="RightNode"/>, told rule by rule.</summary>
internal static class ReferenceNode
{
    private const int MaxHeaderBytes = 512;

    // RFC 6040, figure 4: for each inner mark, what each outer mark makes of it.
    private static readonly int[][] Marks = [[0, 0, 0, -1], [1, 1, 1, 3], [2, 1, 2, 3], [3, 3, 3, 3]];

    /// <summary>Says why a read is dropped, or where it goes and as what.</summary>
    public static (Drop Drop, int Peer, List<byte[]> Datagrams) Forward(byte[] read)
    {
        if (read.Length < VirtioHeader.Bytes)
        {
            return (Drop.BadOffload, 0, []);
        }

        var drop = Parse(read.AsSpan(VirtioHeader.Bytes), out var packet);
        if (drop != Drop.None)
        {
            return (drop, 0, []);
        }

        var peer = PeerOf(packet);
        if (peer <= 0)
        {
            return (peer == 0 ? Drop.NoEndpoint : IsMulticast(packet) ? Drop.Multicast : Drop.NoPeer, 0, []);
        }

        byte[] whole = [.. read[..VirtioHeader.Bytes], .. packet];
        var header = MemoryMarshal.Read<VirtioHeader>(read);
        return CanProcess(packet, header) ? (Drop.None, peer, ReferenceKernel.Process(whole)) : (Drop.BadOffload, 0, []);
    }

    /// <summary>Says why a datagram is dropped, or what packet it is; null for both if it begins like a probe, which are not looked at here.</summary>
    public static (Drop? Drop, byte[]? Packet) Receive(ReadOnlySpan<byte> datagram, byte outerClass)
    {
        if (!datagram.IsEmpty && datagram[0] >= 0x80)
        {
            return (null, null);
        }

        if (datagram.Length > 4 && datagram[0] == 0 && datagram[2] == 0 && datagram[3] == 0
            && ((datagram[1] == 4 && datagram[4] >> 4 == 4) || (datagram[1] == 41 && datagram[4] >> 4 == 6)))
        {
            datagram = datagram[4..];
        }

        var drop = Parse(datagram, out var packet);
        if (drop != Drop.None)
        {
            return (drop == Drop.NotIp ? Drop.UnknownFormat : drop, null);
        }

        var isOwn = IsIPv6(packet) ? packet.AsSpan(8, 2).SequenceEqual<byte>([0xfd, 1]) : packet.AsSpan(12, 2).SequenceEqual<byte>([10, 1]);
        return !isOwn ? (Drop.SpoofedSource, null) : Mark(packet, outerClass & 3) ? (Drop.None, packet) : (Drop.Congestion, null);
    }

    private static Drop Parse(ReadOnlySpan<byte> bytes, out byte[] packet)
    {
        packet = [];
        if (bytes.IsEmpty || bytes[0] >> 4 is not (4 or 6))
        {
            return Drop.NotIp;
        }

        var headerBytes = bytes[0] >> 4 == 6 ? 40 : (bytes[0] & 15) * 4;
        if (headerBytes < 20 || bytes.Length < headerBytes)
        {
            return Drop.BadHeader;
        }

        var total = headerBytes == 40 && bytes[0] >> 4 == 6 ? 40 + (bytes[4] << 8) + bytes[5] : (bytes[2] << 8) + bytes[3];
        if (total < headerBytes || total > bytes.Length)
        {
            return Drop.BadLength;
        }

        packet = bytes[..total].ToArray();
        return Drop.None;
    }

    private static bool IsIPv6(ReadOnlySpan<byte> packet) => packet[0] >> 4 == 6;

    /// <returns>2 or 4; 0 for the peer without an endpoint; -1 for none.</returns>
    private static int PeerOf(ReadOnlySpan<byte> packet)
    {
        var prefix = IsIPv6(packet) ? packet.Slice(24, 2) : packet.Slice(16, 2);
        return IsIPv6(packet) switch
        {
            true => prefix is [0xfd, 2] ? 2 : prefix is [0xfd, 4] ? 4 : -1,
            false => prefix is [10, 2] ? 2 : prefix is [10, 4] ? 4 : prefix is [10, 3] ? 0 : -1,
        };
    }

    private static bool IsMulticast(ReadOnlySpan<byte> packet) => IsIPv6(packet) ? packet[24] == 0xff : packet[16] is >= 224 and < 240;

    /// <summary>Tells whether what the virtio header asks for can be done to the packet.</summary>
    private static bool CanProcess(ReadOnlySpan<byte> packet, VirtioHeader header)
    {
        int start = header.CsumStart;
        if (header.GsoType == 0)
        {
            return (header.Flags & 1) == 0 || start + header.CsumOffset + 2 <= packet.Length;
        }

        var isTcp = (header.GsoType & 0x7f) == (IsIPv6(packet) ? 4 : 1);
        var protocol = isTcp ? InnerPacket.Tcp : InnerPacket.Udp;
        var begins = IsIPv6(packet)
            ? start > 40 || (start == 40 && packet[6] == protocol)
            : start == (packet[0] & 15) * 4 && packet[9] == protocol;
        if ((!isTcp && (header.GsoType & 0x7f) != 5) || header.GsoSize == 0 || !begins || start + (isTcp ? 20 : 8) > packet.Length)
        {
            return false;
        }

        var transportBytes = isTcp ? (packet[start + 12] >> 4) * 4 : 8;
        return transportBytes >= 8 && (!isTcp || transportBytes >= 20) && start + transportBytes < packet.Length && start + transportBytes <= MaxHeaderBytes;
    }

    /// <summary>Writes the mark that inner and outer one become.</summary>
    /// <returns>False if the packet is to be dropped.</returns>
    private static bool Mark(byte[] packet, int outer)
    {
        var inner = IsIPv6(packet) ? (packet[1] >> 4) & 3 : packet[1] & 3;
        var mark = Marks[inner][outer];
        if (mark == inner || mark < 0)
        {
            return mark >= 0;
        }

        if (IsIPv6(packet))
        {
            packet[1] = (byte)((packet[1] & 0xcf) | (mark << 4));
            return true;
        }

        // RFC 1624: HC' = ~(~HC + ~m + m'), in ones' complement.
        var before = BinaryPrimitives.ReadUInt16BigEndian(packet);
        packet[1] = (byte)((packet[1] & 0xfc) | mark);
        var checksum = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(10));
        var sum = (ushort)~checksum + (ushort)~before + BinaryPrimitives.ReadUInt16BigEndian(packet);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), (ushort)~sum);
        return true;
    }
}
