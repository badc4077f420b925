using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>TUN to network: reads packets, lets <see cref="Outbound"/> decide, sends what it says. Runs on one thread, which owns the buffer.</summary>
internal sealed class OutboundLoop(TunDevice tun, UdpSocket socket, StopEvent stop, Outbound core)
{
    private const int MaxPacketBytes = 65535;
    private const int MaxPackets = 64;

    // A round ends when another packet of the greatest length might not fit; small ones fill the rest.
    private const int BufferBytes = 2 * (Outbound.HeadroomBytes + MaxPacketBytes);

    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private readonly SendBatch batch = new(MaxPackets);

    /// <summary>Forwards until told to stop.</summary>
    /// <returns>0, or the errno of a TUN that is of no more use: EBADFD if it was deleted.</returns>
    public int Run()
    {
        while (stop.WaitReadable(tun))
        {
            batch.Clear();
            var result = ReadUntilDry();
            foreach (ref readonly var send in batch.Sends)
            {
                var sent = socket.Send(buffer.AsSpan(send.Offset, send.Length), send.Peer.Endpoint.GetValueOrDefault());
                core.Sent(send, sent);
            }

            if (result < 0 && -result is not (Errno.EAGAIN or Errno.EINTR))
            {
                return -result;
            }
        }

        return 0;
    }

    /// <summary>Reads packets one behind the other, each with headroom before it, until there is none or no room.</summary>
    /// <returns>What the last read returned.</returns>
    private int ReadUntilDry()
    {
        var offset = Outbound.HeadroomBytes;
        while (!batch.IsFull && offset + MaxPacketBytes <= buffer.Length)
        {
            var length = tun.Read(buffer.AsSpan(offset, MaxPacketBytes));
            if (length < 0)
            {
                return length;
            }

            core.Forward(buffer, offset, length, batch);
            offset += length + Outbound.HeadroomBytes;
        }

        return 0;
    }
}
