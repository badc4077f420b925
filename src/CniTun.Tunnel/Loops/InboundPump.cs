using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Network to TUN: receives messages, lets <see cref="Inbound"/> decide, and writes what it says. Belongs to one thread.</summary>
internal sealed class InboundPump : IPacketWriter
{
    private readonly TunDevice tun;
    private readonly UdpSocket socket;
    private readonly Inbound core;
    private readonly IncomingMessages messages = new();
    private bool isTunLost;

    public InboundPump(TunDevice tun, UdpSocket socket, Func<IPacketWriter, Inbound> core)
    {
        this.tun = tun;
        this.socket = socket;
        this.core = core(this);
    }

    /// <summary>Forwards what waits, up to the capacity of one call.</summary>
    /// <returns>How many messages there were, or -EBADFD if the TUN was deleted.</returns>
    public int Pump()
    {
        var count = messages.Receive(socket);
        if (count < 0)
        {
            if (-count is not (Errno.EAGAIN or Errno.EINTR))
            {
                core.ReceiveFailed(Drops.FromErrno(-count));
            }

            return 0;
        }

        for (var i = 0; i < count; i++)
        {
            var message = messages[i];
            if (message.IsTruncated)
            {
                core.ReceiveFailed(Drop.Truncated);
                continue;
            }

            core.Receive(messages.Buffer.Piece(message.Offset, message.Length), message.SegmentBytes, message.Source, message.TrafficClass);
        }

        core.Flush();
        return isTunLost ? -Errno.EBADFD : count;
    }

    public int Write(PieceList pieces)
    {
        var written = tun.Write(pieces);
        isTunLost |= written == -Errno.EBADFD;
        return written;
    }
}
