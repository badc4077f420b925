using System.Runtime.CompilerServices;
using CniTun.Addresses;
using CniTun.Linux.Buffers;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>
/// Messages that come out of a socket in one system call (recvmmsg(2)). With <see cref="UdpSocket.MergeReceived"/> each may
/// hold many datagrams of one sender. Allocated once and filled anew; belongs to one thread.
/// </summary>
public sealed unsafe class IncomingMessages
{
    /// <summary>How many messages one call takes. Each has room for the longest, and only what arrives touches memory.</summary>
    public const int Capacity = 8;

    private const int MaxMessageBytes = 65536;

    // UDP_GRO, and the traffic class of either family.
    private const int ControlBytes = 3 * ControlMessage.Space;

    private readonly MessageHeader[] headers = GC.AllocateArray<MessageHeader>(Capacity, pinned: true);
    private readonly SocketAddress[] addresses = GC.AllocateArray<SocketAddress>(Capacity, pinned: true);
    private readonly MemoryPiece[] pieces = GC.AllocateArray<MemoryPiece>(Capacity, pinned: true);
    private readonly PinnedBuffer controls = new(Capacity * ControlBytes);

    public IncomingMessages()
    {
        for (var i = 0; i < Capacity; i++)
        {
            pieces[i] = Buffer.Piece(i * MaxMessageBytes, MaxMessageBytes);
            headers[i].Name = (nint)Unsafe.AsPointer(ref addresses[i]);
            headers[i].Pieces = (nint)Unsafe.AsPointer(ref pieces[i]);
            headers[i].PieceCount = 1;
            headers[i].Control = controls.Address + (i * ControlBytes);
        }
    }

    /// <summary>Gets where messages lie; each is good until the next call of <see cref="Receive"/>.</summary>
    public PinnedBuffer Buffer { get; } = new(Capacity * MaxMessageBytes);

    /// <summary>Takes what waits, without waiting for it.</summary>
    /// <returns>How many messages there are now, or a negated errno. EAGAIN: none.</returns>
    public int Receive(UdpSocket socket)
    {
        foreach (ref var header in headers.AsSpan())
        {
            header.NameLength = SocketAddress.IPv6Bytes;
            header.ControlLength = ControlBytes;
        }

        fixed (MessageHeader* first = headers)
        {
            var received = Libc.recvmmsg(socket.Descriptor, first, Capacity, Libc.MSG_DONTWAIT, timeout: 0);
            return received >= 0 ? received : -Libc.LastErrno;
        }
    }

    /// <summary>Describes a message of the last <see cref="Receive"/>.</summary>
    public ReceivedMessage this[int index]
    {
        get
        {
            ref readonly var header = ref headers[index];
            var message = new ReceivedMessage
            {
                Offset = index * MaxMessageBytes,
                Length = (int)header.Length,
                Source = addresses[index].ToEndpoint(),
                IsTruncated = (header.Flags & Libc.MSG_TRUNC) != 0,
            };
            ReadControls(controls.Span(index * ControlBytes, (int)header.ControlLength), ref message);
            return message;
        }
    }

    private static void ReadControls(ReadOnlySpan<byte> bytes, ref ReceivedMessage message)
    {
        while (bytes.Length >= ControlMessage.HeaderBytes)
        {
            var length = (int)Unsafe.ReadUnaligned<nuint>(in bytes[0]);
            var level = Unsafe.ReadUnaligned<int>(in bytes[8]);
            var type = Unsafe.ReadUnaligned<int>(in bytes[12]);
            if (length <= ControlMessage.HeaderBytes || length > bytes.Length)
            {
                return;
            }

            var data = bytes[ControlMessage.HeaderBytes..length];
            if (level == Libc.SOL_UDP && type == Libc.UDP_GRO && data.Length >= sizeof(int))
            {
                message.SegmentBytes = Unsafe.ReadUnaligned<int>(in data[0]);
            }
            else if ((level == IPPROTO_IP && type == IP_TOS) || (level == IPPROTO_IPV6 && type == IPV6_TCLASS))
            {
                // One byte for IPv4, an int for IPv6; both in the first byte on a little-endian machine.
                message.TrafficClass = data[0];
            }

            bytes = bytes[Math.Min(bytes.Length, (length + 7) & ~7)..];
        }
    }
}
