using System.Runtime.InteropServices;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Offloading;

/// <summary>
/// Tries each offload at start, on sockets of loopback and on a TUN of its own that is never up, and switches off what this
/// kernel refuses or does wrongly.
/// </summary>
internal static class OffloadTest
{
    private const int SegmentBytes = 100;
    private const int Segments = 3;

    // The kernel completes the number; longer than any that an operator would choose.
    private const string PrivateTun = "cnitun-try%d";

    /// <summary>Tries all that are on. Takes about a millisecond.</summary>
    public static void Run(Offloads offloads)
    {
        TrySockets(offloads);
        TryTun(offloads);
    }

    private static void TrySockets(Offloads offloads)
    {
        try
        {
            using var sender = UdpSocket.Bind(0);
            using var receiver = UdpSocket.Bind(0);
            if (offloads[OffloadKind.UdpGro] && receiver.MergeReceived(true) is > 0 and var errno)
            {
                offloads.Refuse(OffloadKind.UdpGro, errno);
            }

            if (offloads[OffloadKind.UdpGso])
            {
                TrySegments(offloads, sender, receiver);
            }
        }
        catch (LinuxException)
        {
            // No socket to be had: the tunnel's own will say so better.
        }
    }

    /// <summary>Sends three datagrams as one message and looks what comes.</summary>
    private static void TrySegments(Offloads offloads, UdpSocket sender, UdpSocket receiver)
    {
        var content = new PinnedBuffer(Segments * SegmentBytes);
        for (var i = 0; i < content.Length; i++)
        {
            content.Span(i, 1)[0] = (byte)i;
        }

        var pieces = new PieceList(1);
        pieces.Add(content.Piece(0, content.Length));
        var outgoing = new OutgoingMessages();
        var loopback = new IpEndpoint(IpAddress.FromIPv4(0x7f000001), receiver.Port);
        outgoing.Add(sender, loopback, pieces, 0, 1, SegmentBytes, trafficClass: 0);
        var sent = outgoing.Send(sender, 0);
        if (sent < 0)
        {
            // A host without loopback proves nothing.
            if (-sent is Errno.EIO or Errno.EINVAL or Errno.EOPNOTSUPP)
            {
                offloads.Refuse(OffloadKind.UdpGso, -sent);
            }

            return;
        }

        // What is sent over loopback has arrived when the send returns.
        var incoming = new IncomingMessages();
        var received = new List<byte>();
        for (var mayHaveMore = true; mayHaveMore;)
        {
            incoming.Clear();
            incoming.Receive(receiver, out mayHaveMore);
            foreach (ref readonly var message in incoming.Messages)
            {
                received.AddRange(message.Bytes.Span);
                if (message.Bytes.Length > SegmentBytes && message.SegmentBytes != SegmentBytes)
                {
                    offloads.Refuse(OffloadKind.UdpGro, 0);
                }
            }
        }

        if (received.Count > 0 && !received.SequenceEqual(content.Span(0, content.Length).ToArray()))
        {
            offloads.Refuse(OffloadKind.UdpGso, 0);
        }
    }

    private static void TryTun(Offloads offloads)
    {
        try
        {
            using var tun = TunDevice.Open(PrivateTun, TunOptions.Tun | TunOptions.VirtioHeader);
            TryRead(offloads, OffloadKind.TunTso, tun, TunOffloads.Checksum | TunOffloads.Tso4 | TunOffloads.Tso6 | TunOffloads.TsoEcn);
            TryRead(offloads, OffloadKind.TunUso, tun, TunOffloads.Checksum | TunOffloads.Uso4 | TunOffloads.Uso6);
            TryWrite(offloads, OffloadKind.TunTcpGro, tun, VirtioHeader.VIRTIO_NET_HDR_GSO_TCPV4, headerBytes: 40, checksumOffset: 16);
            TryWrite(offloads, OffloadKind.TunUdpGro, tun, VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4, headerBytes: 28, checksumOffset: 6);
        }
        catch (LinuxException)
        {
            // No TUN to be had: the tunnel's own will say so better.
        }
    }

    private static void TryRead(Offloads offloads, OffloadKind kind, TunDevice tun, TunOffloads wanted)
    {
        if (offloads[kind] && tun.SetOffloads(wanted) is > 0 and var errno)
        {
            offloads.Refuse(kind, errno);
        }
    }

    /// <summary>Writes a superpacket to an interface that is down: it is looked at and refused with EINVAL, or accepted and refused with EIO.</summary>
    private static void TryWrite(Offloads offloads, OffloadKind kind, TunDevice tun, byte type, int headerBytes, int checksumOffset)
    {
        var buffer = new PinnedBuffer(VirtioHeader.Bytes + headerBytes + (2 * SegmentBytes));
        var bytes = buffer.Span(0, buffer.Length);
        bytes.Clear();
        MemoryMarshal.Write(bytes, new VirtioHeader
        {
            Flags = VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM,
            GsoType = type,
            HdrLen = (ushort)headerBytes,
            GsoSize = SegmentBytes,
            CsumStart = 20,
            CsumOffset = (ushort)checksumOffset,
        });
        var packet = bytes[VirtioHeader.Bytes..];
        packet[0] = 0x45;
        packet[3] = (byte)packet.Length;
        packet[8] = 64;
        packet[9] = checksumOffset == 16 ? (byte)6 : (byte)17;
        packet[32] = checksumOffset == 16 ? (byte)0x50 : packet[32];
        var pieces = new PieceList(1);
        pieces.Add(buffer.Piece(0, buffer.Length));
        if (offloads[kind] && tun.Write(pieces) == -Errno.EINVAL)
        {
            offloads.Refuse(kind, Errno.EINVAL);
        }
    }
}
