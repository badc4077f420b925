using System.Runtime.CompilerServices;
using CniTun.Addresses;
using CniTun.Linux.Buffers;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>
/// Messages that leave a socket in one system call (sendmmsg(2)), each to a place of its own, and each cut into datagrams by
/// the kernel if asked (UDP_SEGMENT). Allocated once and filled anew; belongs to one thread.
/// </summary>
public sealed unsafe class OutgoingMessages
{
    /// <summary>How many messages fit.</summary>
    public const int Capacity = 128;

    // At most two control messages go with each: segment length and traffic class.
    private const int ControlsEach = 2;

    private readonly MessageHeader[] headers = GC.AllocateArray<MessageHeader>(Capacity, pinned: true);
    private readonly SocketAddress[] addresses = GC.AllocateArray<SocketAddress>(Capacity, pinned: true);
    private readonly ControlMessage[] controls = GC.AllocateArray<ControlMessage>(Capacity * ControlsEach, pinned: true);

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>Adds a message.</summary>
    /// <param name="socket">The one that will send it.</param>
    /// <param name="destination">IPv6 is refused by a socket without it, upon <see cref="Send"/>.</param>
    /// <param name="pieces">Not to be changed before <see cref="Send"/>.</param>
    /// <param name="first">The first piece that belongs to the message.</param>
    /// <param name="count">How many do.</param>
    /// <param name="segmentBytes">How long each datagram is, but for the last; 0 for a message that is one datagram.</param>
    /// <param name="trafficClass">DSCP and ECN of each datagram.</param>
    public void Add(UdpSocket socket, in IpEndpoint destination, PieceList pieces, int first, int count, int segmentBytes, byte trafficClass)
    {
        ref var header = ref headers[Count];
        ref var address = ref addresses[Count];
        address = SocketAddress.For(destination, socket.IsDualStack ? Libc.AF_INET6 : Libc.AF_INET);
        header.Name = (nint)Unsafe.AsPointer(ref address);
        header.NameLength = socket.IsDualStack ? (uint)SocketAddress.IPv6Bytes : SocketAddress.IPv4Bytes;
        header.Pieces = pieces.Address + (first * sizeof(MemoryPiece));
        header.PieceCount = (nuint)count;

        var used = 0;
        var own = controls.AsSpan(Count * ControlsEach, ControlsEach);
        if (segmentBytes != 0)
        {
            own[used++] = new ControlMessage
            {
                Length = ControlMessage.HeaderBytes + sizeof(ushort),
                Level = Libc.SOL_UDP,
                Type = Libc.UDP_SEGMENT,
                Data = (ushort)segmentBytes,
            };
        }

        if (trafficClass != 0)
        {
            own[used++] = new ControlMessage
            {
                Length = ControlMessage.HeaderBytes + sizeof(int),
                Level = destination.Address.IsIPv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                Type = destination.Address.IsIPv6 ? IPV6_TCLASS : IP_TOS,
                Data = trafficClass,
            };
        }

        header.Control = used == 0 ? 0 : (nint)Unsafe.AsPointer(ref own[0]);
        header.ControlLength = (nuint)(used * ControlMessage.Space);
        Count++;
    }

    /// <summary>Sends messages from one on, without waiting for room.</summary>
    /// <param name="socket">The one that the messages were added for.</param>
    /// <param name="first">The first message to send; those before it were sent or given up.</param>
    /// <returns>
    /// How many went out, at least 1; or the negated errno of the first. EAGAIN: no room. EMSGSIZE: a datagram is too long for
    /// the interface. EINVAL: more datagrams in one message than this kernel takes. EIO: no UDP_SEGMENT on that path.
    /// EAFNOSUPPORT: IPv6 on a socket without it.
    /// </returns>
    public int Send(UdpSocket socket, int first)
    {
        fixed (MessageHeader* header = &headers[first])
        {
            var sent = Libc.sendmmsg(socket.Descriptor, header, (uint)(Count - first), Libc.MSG_DONTWAIT);
            return sent >= 0 ? sent : -Libc.LastErrno;
        }
    }

    public void Clear() => Count = 0;
}
