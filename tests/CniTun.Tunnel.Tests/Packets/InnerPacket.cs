using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CniTun.Addresses;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>One packet of TCP or UDP with every field that cutting and merging look at; lengths and checksums come out right.</summary>
internal sealed record InnerPacket
{
    public const byte Tcp = 6;
    public const byte Udp = 17;

    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Rst = 0x04;
    public const byte Psh = 0x08;
    public const byte Ack = 0x10;
    public const byte Urg = 0x20;
    public const byte Ece = 0x40;
    public const byte Cwr = 0x80;

    public static InnerPacket Tcp4 { get; } = new();

    public static InnerPacket Tcp6 { get; } = new() { Source = "fd01::1", Destination = "fd02::1" };

    public static InnerPacket Udp4 { get; } = Tcp4 with { Protocol = Udp };

    public static InnerPacket Udp6 { get; } = Tcp6 with { Protocol = Udp };

    public string Source { get; init; } = "10.1.0.1";

    public string Destination { get; init; } = "10.2.0.1";

    public byte Protocol { get; init; } = Tcp;

    public byte TrafficClass { get; init; }

    public byte TimeToLive { get; init; } = 64;

    public ushort Id { get; init; } = 100;

    /// <summary>Gets flags and offset of an IPv4 fragment; DF alone unless said otherwise.</summary>
    public ushort Fragment { get; init; } = 0x4000;

    public byte[] IPv4Options { get; init; } = [];

    public uint FlowLabel { get; init; } = 0x12345;

    public ushort SourcePort { get; init; } = 4000;

    public ushort DestinationPort { get; init; } = 80;

    public uint Sequence { get; init; } = 1000;

    public uint Acknowledgement { get; init; } = 77;

    public byte Flags { get; init; } = Ack;

    public ushort Window { get; init; } = 500;

    public ushort UrgentPointer { get; init; }

    public byte[] TcpOptions { get; init; } = [];

    public int PayloadBytes { get; init; } = 100;

    /// <summary>Gets where in the flow's stream of bytes the payload begins.</summary>
    public int Offset { get; init; }

    public bool IsIPv6 => Source.Contains(':', StringComparison.Ordinal);

    public int IpHeaderBytes => IsIPv6 ? 40 : 20 + IPv4Options.Length;

    public int HeaderBytes => IpHeaderBytes + (Protocol == Tcp ? 20 + TcpOptions.Length : 8);

    /// <summary>Gets the packet that follows this one in its flow.</summary>
    public InnerPacket Next() => this with { Sequence = Sequence + (uint)PayloadBytes, Id = (ushort)(Id + 1), Offset = Offset + PayloadBytes };

    /// <summary>Gets the packets that a superpacket is to be cut into.</summary>
    public IEnumerable<InnerPacket> Cut(int segmentBytes)
    {
        for (int at = 0, index = 0; at < PayloadBytes; at += segmentBytes, index++)
        {
            var isLast = at + segmentBytes >= PayloadBytes;
            yield return this with
            {
                Sequence = Sequence + (uint)at,
                Id = (ushort)(Id + index),
                Offset = Offset + at,
                PayloadBytes = Math.Min(segmentBytes, PayloadBytes - at),
                Flags = (byte)(Flags & ~(isLast ? 0 : Fin | Psh) & ~(at == 0 ? 0 : Cwr)),
            };
        }
    }

    /// <summary>Makes the packet as it goes over a wire.</summary>
    public byte[] ToArray()
    {
        var packet = WithoutChecksum();
        ReferenceChecksum.WriteTransport(packet, IpHeaderBytes, Protocol);
        return packet;
    }

    /// <summary>Makes what is read from a TUN for a packet that is finished.</summary>
    public byte[] ToRead() => [.. new byte[VirtioHeader.Bytes], .. ToArray()];

    /// <summary>Makes what is read from a TUN for a packet that is to be cut.</summary>
    public byte[] ToSuperpacket(int segmentBytes) => WithVirtio(WithPartialChecksum(), new VirtioHeader
    {
        Flags = VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM,
        GsoType = (byte)(GsoType | ((Flags & Cwr) != 0 && Protocol == Tcp ? VirtioHeader.VIRTIO_NET_HDR_GSO_ECN : 0)),
        HdrLen = (ushort)HeaderBytes,
        GsoSize = (ushort)segmentBytes,
        CsumStart = (ushort)IpHeaderBytes,
        CsumOffset = (ushort)(Protocol == Tcp ? 16 : 6),
    });

    /// <summary>Makes what is read from a TUN for a packet whose checksum is to be finished.</summary>
    public byte[] ToUnfinished() => WithVirtio(WithPartialChecksum(), new VirtioHeader
    {
        Flags = VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM,
        CsumStart = (ushort)IpHeaderBytes,
        CsumOffset = (ushort)(Protocol == Tcp ? 16 : 6),
    });

    public static byte[] WithVirtio(ReadOnlySpan<byte> packet, VirtioHeader header)
    {
        var read = new byte[VirtioHeader.Bytes + packet.Length];
        MemoryMarshal.Write(read, header);
        packet.CopyTo(read.AsSpan(VirtioHeader.Bytes));
        return read;
    }

    private byte GsoType => Protocol == Udp ? VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4
        : IsIPv6 ? VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV6
        : VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4;

    private byte[] WithPartialChecksum()
    {
        var packet = WithoutChecksum();
        var field = packet.AsSpan(IpHeaderBytes + (Protocol == Tcp ? 16 : 6));
        BinaryPrimitives.WriteUInt16BigEndian(field, ReferenceChecksum.PseudoHeader(packet, IpHeaderBytes, Protocol));
        return packet;
    }

    private byte[] WithoutChecksum()
    {
        var packet = new byte[HeaderBytes + PayloadBytes];
        if (IsIPv6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(packet, (6u << 28) | ((uint)TrafficClass << 20) | FlowLabel);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
            packet[6] = Protocol;
            packet[7] = TimeToLive;
            IpAddress.Parse(Source).Write(packet.AsSpan(8));
            IpAddress.Parse(Destination).Write(packet.AsSpan(24));
        }
        else
        {
            packet[0] = (byte)(0x40 | (IpHeaderBytes / 4));
            packet[1] = TrafficClass;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), Id);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), Fragment);
            packet[8] = TimeToLive;
            packet[9] = Protocol;
            IpAddress.Parse(Source).Write(packet.AsSpan(12));
            IpAddress.Parse(Destination).Write(packet.AsSpan(16));
            IPv4Options.CopyTo(packet, 20);
            ReferenceChecksum.WriteIPv4(packet);
        }

        WriteTransport(packet.AsSpan(IpHeaderBytes));
        for (var i = 0; i < PayloadBytes; i++)
        {
            packet[HeaderBytes + i] = (byte)((Offset + i) * 31 / 7);
        }

        return packet;
    }

    private void WriteTransport(Span<byte> transport)
    {
        BinaryPrimitives.WriteUInt16BigEndian(transport, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(transport[2..], DestinationPort);
        if (Protocol == Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)transport.Length);
            return;
        }

        BinaryPrimitives.WriteUInt32BigEndian(transport[4..], Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(transport[8..], Acknowledgement);
        transport[12] = (byte)((20 + TcpOptions.Length) / 4 << 4);
        transport[13] = Flags;
        BinaryPrimitives.WriteUInt16BigEndian(transport[14..], Window);
        BinaryPrimitives.WriteUInt16BigEndian(transport[18..], UrgentPointer);
        TcpOptions.CopyTo(transport[20..]);
    }
}
