using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>TUN to network: reads packets until there are none, and lets <see cref="Outbound"/> decide. Belongs to one thread.</summary>
internal sealed class OutboundPump(TunDevice tun, Outbound core)
{
    private const int MaxReadBytes = 10 + 65535;

    // A round ends when another packet of the greatest length might not fit; small ones fill the rest.
    private const int BufferBytes = 4 * 65536;
    private const int MaxReads = 128;

    private readonly PinnedBuffer buffer = new(BufferBytes);

    /// <summary>Forwards what waits.</summary>
    /// <returns>How many packets were read, or a negated errno. EBADFD: the TUN was deleted.</returns>
    public int Pump()
    {
        var offset = 0;
        var reads = 0;
        var result = 0;
        for (; reads < MaxReads && offset + MaxReadBytes <= BufferBytes; reads++)
        {
            result = tun.Read(buffer.Span(offset, MaxReadBytes));
            if (result < 0)
            {
                break;
            }

            core.Forward(buffer.Piece(offset, result));
            offset += result;
        }

        core.Flush();
        return result < 0 && -result is not (Errno.EAGAIN or Errno.EINTR) ? result : reads;
    }
}
