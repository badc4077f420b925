using System.Buffers.Binary;
using CniTun.Addresses;
using CniTun.Tunnel.Headers;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;
using CniTun.Uapi;

namespace CniTun.Bench;

/// <summary>How the prefixes of a table lie in the address space.</summary>
public enum Layout
{
    /// <summary>One network after the other, as a cluster hands them to its nodes.</summary>
    Dense,

    /// <summary>Single addresses of one network, one after the other.</summary>
    Hosts,

    /// <summary>Anywhere, of any length, some inside others.</summary>
    Scattered,
}

/// <summary>Tables and packets to measure with; the same in every run.</summary>
internal static class Sample
{
    public const int Peers = 5_000;
    public const int PrefixesPerPeer = 2;

    public const int Segments = 44;
    public const int SegmentBytes = 1420;

    /// <summary>IPv4, TCP and timestamps.</summary>
    public const int TcpHeaderBytes = 52;

    public static IpEndpoint LeftEndpoint { get; } = IpEndpoint.Parse("192.0.2.1:6080");

    /// <summary>Gets the peers of both nodes, for either: who owns the source and the destination of <see cref="Packet"/>.</summary>
    public static CurrentPeers TwoPeers()
    {
        var peers = new CurrentPeers();
        peers.Replace(new PeerTable(
        [
            new Peer(new PublicKey(new byte[PublicKey.ByteCount]), LeftEndpoint, [DensePrefix(1, isIPv6: false)], new PeerTraffic()),
            new Peer(new PublicKey([.. Enumerable.Repeat((byte)1, PublicKey.ByteCount)]), IpEndpoint.Parse("192.0.2.2:6080"), [DensePrefix(2, isIPv6: false)], new PeerTraffic()),
        ]));
        return peers;
    }

    /// <summary>Gets a packet of a TCP stream with its checksums.</summary>
    public static byte[] Tcp(int payloadBytes, int sequence)
    {
        var packet = Packet(isIPv6: false, TcpHeaderBytes - IpPacket.IPv4HeaderBytes + payloadBytes);
        packet[6] = 0x40;
        packet[8] = 64;
        packet[9] = TransportHeader.Tcp;
        IpHeader.WriteIPv4Checksum(packet);
        var transport = packet.AsSpan(IpPacket.IPv4HeaderBytes);
        BinaryPrimitives.WriteInt32BigEndian(transport[4..], sequence);
        transport[12] = 0x80;
        transport[13] = 0x10;
        var sum = Checksum.PseudoHeader(IpHeader.Addresses(packet), TransportHeader.Tcp, transport.Length) + Checksum.Sum(transport);
        Checksum.Write(transport[16..], Checksum.Finish(sum));
        return packet;
    }

    /// <summary>Gets 5,000 peers which have 10,000 prefixes of one family.</summary>
    public static PeerTable Table(Layout layout, bool isIPv6)
    {
        var random = new Random(7);
        var known = new HashSet<Cidr>();
        return new PeerTable([.. Enumerable.Range(0, Peers).Select(MakePeer)]);

        Peer MakePeer(int number)
        {
            var key = new byte[PublicKey.ByteCount];
            BinaryPrimitives.WriteInt32BigEndian(key, number);
            var prefixes = new List<Cidr>();
            while (prefixes.Count < PrefixesPerPeer)
            {
                var prefix = layout switch
                {
                    Layout.Dense => DensePrefix(known.Count, isIPv6),
                    Layout.Hosts => Host(known.Count, isIPv6),
                    _ => ScatteredPrefix(random, isIPv6),
                };
                if (known.Add(prefix))
                {
                    prefixes.Add(prefix);
                }
            }

            return new Peer(new PublicKey(key), null, prefixes, new PeerTraffic());
        }
    }

    /// <summary>Gets addresses of which most have an owner, in no order.</summary>
    public static IpAddress[] Addresses(PeerTable table, bool isIPv6, int count)
    {
        var random = new Random(8);
        var prefixes = table.Peers.SelectMany(peer => peer.AllowedIps).ToArray();
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var prefix = prefixes[random.Next(prefixes.Length)];
            var host = RandomBits(random) % (prefix.Last.Value - prefix.First.Value + 1);
            var value = random.Next(8) == 0 ? RandomBits(random) : prefix.First.Value + host;
            return isIPv6 ? IpAddress.FromIPv6(value) : IpAddress.FromIPv4((uint)value);
        })];
    }

    /// <summary>Gets a packet with that many bytes of payload, from and to the addresses of two nodes' pods.</summary>
    public static byte[] Packet(bool isIPv6, int payloadBytes)
    {
        var packet = new byte[(isIPv6 ? 40 : 20) + payloadBytes];
        packet[0] = isIPv6 ? (byte)0x60 : (byte)0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(isIPv6 ? 4 : 2), (ushort)(isIPv6 ? payloadBytes : packet.Length));
        DensePrefix(1, isIPv6).First.Write(packet.AsSpan(isIPv6 ? 8 : 12));
        DensePrefix(2, isIPv6).First.Write(packet.AsSpan(isIPv6 ? 24 : 16));
        return packet;
    }

    private static Cidr DensePrefix(int number, bool isIPv6) => isIPv6
        ? new Cidr(IpAddress.FromIPv6(((UInt128)0xfd00_0077_0000_0000 + (uint)number) << 64), 64)
        : new Cidr(IpAddress.FromIPv4(0x0a00_0000 + ((uint)number << 8)), 24);

    private static Cidr Host(int number, bool isIPv6)
    {
        var address = DensePrefix(0, isIPv6).First.Add((uint)number + 2);
        return new Cidr(address, address.Bits);
    }

    private static Cidr ScatteredPrefix(Random random, bool isIPv6) => isIPv6
        ? new Cidr(IpAddress.FromIPv6(RandomBits(random)), random.Next(16, 129)).Network
        : new Cidr(IpAddress.FromIPv4((uint)RandomBits(random)), random.Next(8, 33)).Network;

    private static UInt128 RandomBits(Random random) => new((ulong)random.NextInt64() << 1, (ulong)random.NextInt64() << 1);
}
