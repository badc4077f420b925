using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Tunnel.Offloading;

namespace CniTun.Tunnel.Loops;

/// <summary>The sockets of one UDP port, one for each packet thread. The kernel spreads senders over them by their address and port.</summary>
/// <remarks>
/// All threads but the first send from a port of their own, so that the threads of the other end share the work, too: a
/// flow always has the same one. A peer knows us by our address then, of which it must know no other tunnel.
/// </remarks>
internal sealed class PortSockets : IDisposable
{
    private const int ReceiveBufferBytes = 8 << 20;
    private const int SendBufferBytes = 4 << 20;

    private readonly List<UdpSocket> receiving = [];
    private readonly List<UdpSocket> sending = [];

    private PortSockets()
    {
    }

    public ushort Port => receiving[0].Port;

    /// <summary>Gets the one that probes leave by.</summary>
    public UdpSocket First => receiving[0];

    public UdpSocket Receiving(int index) => receiving[index];

    public UdpSocket Sending(int index) => sending[index];

    /// <param name="port">0 lets the kernel choose.</param>
    /// <param name="count">How many threads there are.</param>
    /// <param name="mark">SO_MARK of each; 0 for none.</param>
    /// <param name="offloads">What is on.</param>
    /// <param name="log">Told of the port, and of buffers that are too small.</param>
    /// <exception cref="LinuxException">As <see cref="UdpSocket.Bind(ushort, bool)"/>.</exception>
    public static PortSockets Bind(ushort port, int count, uint mark, Offloads offloads, ITunnelLog log)
    {
        if (count > 1 && port != 0)
        {
            // Sockets that share a port share it with another tunnel's, too: one that would not is refused if somebody has it.
            UdpSocket.Bind(port).Dispose();
        }

        var opened = new PortSockets();
        try
        {
            var granted = true;
            for (var i = 0; i < count; i++)
            {
                opened.receiving.Add(UdpSocket.Bind(i == 0 ? port : opened.Port, shared: count > 1));
                opened.sending.Add(i == 0 ? opened.receiving[0] : UdpSocket.Bind(0));
                granted &= Prepare(opened.receiving[i], offloads) & Prepare(opened.sending[i], offloads);
            }

            if (!granted)
            {
                log.BuffersRefused(ReceiveBufferBytes, SendBufferBytes);
            }

            if (mark != 0)
            {
                opened.SetMark(mark);
            }

            log.Listening(opened.Port, opened.First.IsDualStack);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <exception cref="LinuxException">EPERM: neither CAP_NET_ADMIN nor CAP_NET_RAW.</exception>
    public void SetMark(uint mark)
    {
        foreach (var socket in receiving.Union(sending))
        {
            socket.SetMark(mark);
        }
    }

    public void Dispose()
    {
        foreach (var socket in receiving.Union(sending))
        {
            socket.Dispose();
        }
    }

    private static bool Prepare(UdpSocket socket, Offloads offloads)
    {
        if (offloads[OffloadKind.UdpGro] && socket.MergeReceived(true) is > 0 and var errno)
        {
            offloads.Refuse(OffloadKind.UdpGro, errno);
        }

        return socket.TryEnlargeBuffers(ReceiveBufferBytes, SendBufferBytes);
    }
}
