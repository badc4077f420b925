using System.Runtime.CompilerServices;
using CniTun.Addresses;
using CniTun.Linux.Buffers;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>
/// Messages that come out of a socket, several in one system call (recvmmsg(2)), gathered over several calls while they are short.
/// With <see cref="UdpSocket.MergeReceived"/> each may hold many datagrams of one sender. Allocated once and filled anew; belongs
/// to one thread.
/// </summary>
/// <remarks>
/// There is room for many short messages and for a few of the greatest length. The kernel writes the beginning of each into a short
/// slot and what is left into a long one, before which there is room for the beginning: a long message is put together there.
/// So that little memory is touched where messages are short, and a long message costs a short copy.
/// </remarks>
public sealed unsafe class IncomingMessages
{
    /// <summary>How many messages a round has at most.</summary>
    public const int Capacity = 64;

    // How many one call takes, each of which may be long.
    private const int CallCapacity = 8;
    private const int ShortBytes = 2048;
    private const int LongBytes = 65536;
    private const int LongSlotsAt = Capacity * ShortBytes;

    // UDP_GRO, and the traffic class of either family.
    private const int ControlBytes = 3 * ControlMessage.Space;

    private readonly MessageHeader[] headers = GC.AllocateArray<MessageHeader>(CallCapacity, pinned: true);
    private readonly SocketAddress[] addresses = GC.AllocateArray<SocketAddress>(CallCapacity, pinned: true);
    private readonly MemoryPiece[] pieces = GC.AllocateArray<MemoryPiece>(2 * CallCapacity, pinned: true);
    private readonly PinnedBuffer controls = new(CallCapacity * ControlBytes);
    private readonly PinnedBuffer buffer = new(LongSlotsAt + (CallCapacity * LongBytes));
    private readonly ReceivedMessage[] messages = new ReceivedMessage[Capacity];
    private bool isFull;

    public IncomingMessages()
    {
        for (var i = 0; i < CallCapacity; i++)
        {
            pieces[(2 * i) + 1] = buffer.Piece(LongSlotsAt + (i * LongBytes) + ShortBytes, LongBytes - ShortBytes);
            headers[i].Name = (nint)Unsafe.AsPointer(ref addresses[i]);
            headers[i].Pieces = (nint)Unsafe.AsPointer(ref pieces[2 * i]);
            headers[i].PieceCount = 2;
            headers[i].Control = controls.Address + (i * ControlBytes);
        }
    }

    /// <summary>Gets the messages of the round, good until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<ReceivedMessage> Messages => messages.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary>Begins a new round.</summary>
    public void Clear()
    {
        Count = 0;
        isFull = false;
    }

    /// <summary>Adds what waits to the round, without waiting for it.</summary>
    /// <param name="socket">Where from.</param>
    /// <param name="mayHaveMore">Whether another call might add messages to this round.</param>
    /// <returns>How many were added, or a negated errno. EAGAIN: none waits.</returns>
    public int Receive(UdpSocket socket, out bool mayHaveMore)
    {
        mayHaveMore = false;
        var wanted = Math.Min(CallCapacity, Capacity - Count);
        if (isFull || wanted == 0)
        {
            return -Errno.EAGAIN;
        }

        for (var i = 0; i < wanted; i++)
        {
            pieces[2 * i] = buffer.Piece((Count + i) * ShortBytes, ShortBytes);
            headers[i].NameLength = SocketAddress.IPv6Bytes;
            headers[i].ControlLength = ControlBytes;
        }

        int received;
        fixed (MessageHeader* first = headers)
        {
            received = Libc.recvmmsg(socket.Descriptor, first, (uint)wanted, Libc.MSG_DONTWAIT, timeout: 0);
        }

        if (received < 0)
        {
            return -Libc.LastErrno;
        }

        for (var i = 0; i < received; i++)
        {
            messages[Count + i] = Describe(i);
        }

        Count += received;
        mayHaveMore = received == wanted && !isFull;
        return received;
    }

    private ReceivedMessage Describe(int index)
    {
        ref readonly var header = ref headers[index];
        var length = (int)header.Length;
        var message = new ReceivedMessage
        {
            Bytes = pieces[2 * index] with { Length = length },
            Source = addresses[index].ToEndpoint(),
            IsTruncated = (header.Flags & Libc.MSG_TRUNC) != 0,
        };
        ReadControls(controls.Span(index * ControlBytes, (int)header.ControlLength), ref message);
        if (length > ShortBytes)
        {
            // The next call would write over what lies in the long slot.
            isFull = true;
            var whole = buffer.Piece(LongSlotsAt + (index * LongBytes), length);
            pieces[2 * index].Span.CopyTo(whole.Span);
            message = message with { Bytes = whole };
        }

        return message;
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
