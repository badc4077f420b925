using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Network to TUN: receives messages, and lets <see cref="Inbound"/> decide. Belongs to one thread.</summary>
internal sealed class InboundPump(UdpSocket socket, Inbound core, TunWriter writer)
{
    private readonly IncomingMessages messages = new();

    /// <summary>Forwards what waits, up to a round's messages.</summary>
    /// <returns>How many messages there were, or -EBADFD if the TUN was deleted.</returns>
    public int Pump()
    {
        messages.Clear();
        var mayHaveMore = true;
        while (mayHaveMore)
        {
            var first = messages.Count;
            var result = messages.Receive(socket, out mayHaveMore);
            if (result < 0 && -result is not (Errno.EAGAIN or Errno.EINTR))
            {
                core.ReceiveFailed(Drops.FromErrno(-result));
            }

            foreach (ref readonly var message in messages.Messages[first..])
            {
                Take(message);
            }
        }

        core.Flush();
        return writer.IsLost ? -Errno.EBADFD : messages.Count;
    }

    private void Take(in ReceivedMessage message)
    {
        if (message.IsTruncated)
        {
            core.ReceiveFailed(Drop.Truncated);
        }
        else
        {
            core.Receive(message.Bytes, message.SegmentBytes, message.Source, message.TrafficClass);
        }
    }
}
