using System.Buffers.Binary;
using CniTun.Addresses;
using CniTun.Tunnel.Peers;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Peers and packets to test with.</summary>
internal static class Sample
{
    public static PublicKey Key(int number)
    {
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return new PublicKey(bytes);
    }

    public static Peer Peer(int key, string? endpoint, params string[] allowedIps) =>
        new(Key(key), endpoint is null ? null : IpEndpoint.Parse(endpoint), [.. allowedIps.Select(Cidr.Parse)], new PeerTraffic());

    public static CurrentPeers Current(params Peer[] peers)
    {
        var current = new CurrentPeers();
        current.Replace(new PeerTable(peers));
        return current;
    }

    /// <summary>Makes a packet of the sources' family with a payload of counting bytes; IPv4 checksum left 0.</summary>
    public static byte[] Packet(string source, string destination, int payloadBytes = 8)
    {
        var from = IpAddress.Parse(source);
        var headerBytes = from.IsIPv6 ? 40 : 20;
        var packet = new byte[headerBytes + payloadBytes];
        if (from.IsIPv6)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payloadBytes);
            packet[6] = 59;
            packet[7] = 64;
        }
        else
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = 253;
        }

        from.Write(packet.AsSpan(from.IsIPv6 ? 8 : 12));
        IpAddress.Parse(destination).Write(packet.AsSpan(from.IsIPv6 ? 24 : 16));
        for (var i = 0; i < payloadBytes; i++)
        {
            packet[headerBytes + i] = (byte)i;
        }

        return packet;
    }
}
