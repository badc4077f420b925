using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Packets of a few flows that go on, and such that were damaged on purpose.</summary>
internal sealed class RandomTraffic
{
    private static readonly InnerPacket[] Kinds =
    [
        InnerPacket.Tcp4,
        InnerPacket.Tcp6,
        InnerPacket.Udp4,
        InnerPacket.Udp6,
        InnerPacket.Udp4 with { Fragment = 0 },
        InnerPacket.Tcp4 with { TcpOptions = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] },
        InnerPacket.Tcp6 with { TcpOptions = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], TrafficClass = 2 },
        InnerPacket.Udp4 with { IPv4Options = [0x94, 4, 0, 0] },
        InnerPacket.Tcp4 with { Id = 0xfff0, Sequence = 0xffff_ff00, TrafficClass = 1 },
    ];

    private readonly Random random;
    private readonly InnerPacket[] flows;

    public RandomTraffic(Random random)
    {
        this.random = random;
        flows = new InnerPacket[random.Next(1, 6)];
        for (var i = 0; i < flows.Length; i++)
        {
            flows[i] = Kinds[random.Next(Kinds.Length)] with { SourcePort = (ushort)(4000 + i), PayloadBytes = random.Next(1, 60) };
        }
    }

    /// <summary>Makes what a kernel puts into the TUN next.</summary>
    public byte[] Read()
    {
        var packet = Next(most: random.Next(8) == 0 ? 9000 : 400);
        return random.Next(4) switch
        {
            0 => packet.ToRead(),
            1 => packet.ToUnfinished(),
            _ when packet.PayloadBytes > 0 => packet.ToSuperpacket(random.Next(Math.Max(1, packet.PayloadBytes / 60), packet.PayloadBytes + 2)),
            _ => packet.ToRead(),
        };
    }

    /// <summary>Makes what comes from a peer next, undamaged.</summary>
    public byte[] Datagram() => Next(most: 60).ToArray();

    /// <summary>Damages a packet, and may have its checksums say that it is not damaged.</summary>
    public byte[] Damage(byte[] packet, int startOfHeaders = 0)
    {
        switch (random.Next(8))
        {
            case 0:
                packet = packet[..random.Next(packet.Length + 1)];
                break;
            case 1:
                packet = [.. packet, .. new byte[random.Next(1, 20)]];
                break;
            case 2:
                random.NextBytes(packet);
                break;
            case 3:
                packet = [0, (byte)(packet[0] >> 4 == 6 ? 41 : 4), 0, (byte)(random.Next(8) == 0 ? 1 : 0), .. packet];
                break;
            default:
                for (var count = random.Next(1, 4); count > 0 && packet.Length > 0; count--)
                {
                    packet[random.Next(Math.Min(packet.Length, startOfHeaders + 64))] = (byte)(random.Next(3) == 0 ? random.Next(4) * 0x55 : random.Next(256));
                }

                break;
        }

        if (random.Next(2) == 0)
        {
            Repair(packet.AsSpan(Math.Min(startOfHeaders, packet.Length)));
        }

        return packet;
    }

    /// <summary>Changes the virtio header before a packet.</summary>
    public void DamageVirtio(byte[] read)
    {
        for (var count = random.Next(1, 4); count > 0 && read.Length >= VirtioHeader.Bytes; count--)
        {
            read[random.Next(VirtioHeader.Bytes)] = (byte)(random.Next(2) == 0 ? random.Next(8) : random.Next(256));
        }
    }

    private static void Repair(Span<byte> packet)
    {
        if (packet.Length < 20 || (packet[0] >> 4 == 6 && packet.Length < 40))
        {
            return;
        }

        var isIPv6 = packet[0] >> 4 == 6;
        var headerBytes = isIPv6 ? 40 : (packet[0] & 15) * 4;
        var protocol = packet[isIPv6 ? 6 : 9];
        if (headerBytes < 20 || headerBytes > packet.Length)
        {
            return;
        }

        if (!isIPv6)
        {
            ReferenceChecksum.WriteIPv4(packet);
        }

        if (protocol is InnerPacket.Tcp or InnerPacket.Udp && packet.Length >= headerBytes + (protocol == InnerPacket.Tcp ? 20 : 8))
        {
            ReferenceChecksum.WriteTransport(packet, headerBytes, protocol);
        }
    }

    private InnerPacket Next(int most)
    {
        var index = random.Next(flows.Length);
        var flow = flows[index];
        flow = random.Next(20) switch
        {
            0 => flow with { PayloadBytes = random.Next(0, most) },
            1 => flow with { PayloadBytes = random.Next(1, most) },
            2 => flow with { Flags = (byte)random.Next(256) },
            3 => flow with { Flags = InnerPacket.Ack | InnerPacket.Psh },
            4 => flow with { Acknowledgement = flow.Acknowledgement + 1 },
            5 => flow with { Sequence = flow.Sequence + (uint)random.Next(3) },
            6 => flow with { Id = (ushort)(flow.Id + random.Next(3)) },
            7 => flow with { TrafficClass = (byte)random.Next(256) },
            8 => flow with { Destination = flow.IsIPv6 ? "fd04::1" : "10.4.0.1" },
            9 => flow with { Destination = flow.IsIPv6 ? "fd02::1" : "10.2.0.1" },
            10 => flow with { PayloadBytes = most },
            _ => flow,
        };
        flows[index] = flow.Next() with { Flags = random.Next(2) == 0 ? InnerPacket.Ack : flow.Flags };
        return flow;
    }
}
