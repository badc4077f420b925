using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Paths;

namespace CniTun.Tunnel.Loops;

/// <summary>Network to TUN: receives datagrams, lets <see cref="Inbound"/> decide, writes what it says. Runs on one thread, which owns the buffer.</summary>
internal sealed class InboundLoop(TunDevice tun, UdpSocket socket, StopEvent stop, Inbound core)
{
    private const int MaxDatagramBytes = 65535;

    // How many datagrams are taken between two looks at whether to stop.
    private const int MaxDatagrams = 64;

    private readonly byte[] reply = GC.AllocateUninitializedArray<byte>(ProbeMessage.HeaderBytes, pinned: true);
    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxDatagramBytes, pinned: true);

    /// <summary>Forwards until told to stop.</summary>
    /// <returns>0, or the errno of a TUN that is of no more use: EBADFD if it was deleted.</returns>
    public int Run()
    {
        while (stop.WaitReadable(socket))
        {
            for (var i = 0; i < MaxDatagrams; i++)
            {
                var length = socket.Receive(buffer, out var source);
                if (length == -Errno.EAGAIN)
                {
                    break;
                }

                if (length < 0)
                {
                    core.ReceiveFailed(length);
                }
                else if (length > 0 && ProbeMessage.IsProbe(buffer[0]))
                {
                    if (core.ReceiveProbe(buffer.AsSpan(0, length), source, reply) is > 0 and var replyBytes)
                    {
                        _ = socket.Send(reply.AsSpan(0, replyBytes), source);
                    }
                }
                else if (core.TryReceive(buffer.AsSpan(0, length), source, out var packet))
                {
                    var written = tun.Write(packet);
                    core.Delivered(written);
                    if (written == -Errno.EBADFD)
                    {
                        return Errno.EBADFD;
                    }
                }
            }
        }

        return 0;
    }
}
