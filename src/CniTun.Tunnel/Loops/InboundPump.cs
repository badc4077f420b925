using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Network to TUN: receives messages, and lets <see cref="Inbound"/> decide. Belongs to one thread.</summary>
internal sealed class InboundPump(UdpSocket socket, Inbound core, TunWriter writer)
{
    private readonly IncomingMessages messages = new();

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
        return writer.IsLost ? -Errno.EBADFD : count;
    }
}
