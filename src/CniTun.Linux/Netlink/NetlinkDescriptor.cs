using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static Tmds.Linux.LibC;

namespace CniTun.Linux.Netlink;

/// <summary>The descriptor of a netlink socket: datagrams to the kernel and from it. For one thread at a time; the caller owns it.</summary>
internal sealed class NetlinkDescriptor : IDisposable
{
    private const int ReceiveBytes = 32 * 1024;
    private const int ReceiveTimeoutSeconds = 10;

    private readonly SafeFileHandle handle;
    private readonly byte[] received = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);

    private NetlinkDescriptor(SafeFileHandle handle) => this.handle = handle;

    public int Number => (int)handle.DangerousGetHandle();

    /// <summary>Opens a socket in the calling thread's network namespace.</summary>
    /// <param name="protocol">NETLINK_ROUTE or another of linux/netlink.h.</param>
    /// <exception cref="LinuxException">EMFILE, EPROTONOSUPPORT.</exception>
    public static unsafe NetlinkDescriptor Open(int protocol)
    {
        var descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (descriptor < 0)
        {
            throw new LinuxException("socket", "AF_NETLINK", Libc.LastErrno);
        }

        var opened = new NetlinkDescriptor(new SafeFileHandle(descriptor, ownsHandle: true));
        try
        {
            opened.SetOption(NETLINK_EXT_ACK, 1);
            opened.SetOption(NETLINK_CAP_ACK, 1);
            opened.SetOption(NETLINK_GET_STRICT_CHK, 1);
            var timeout = (Seconds: (long)ReceiveTimeoutSeconds, Microseconds: 0L);
            if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(long) * 2) < 0)
            {
                throw new LinuxException("setsockopt", "SO_RCVTIMEO", Libc.LastErrno);
            }

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <exception cref="LinuxException">ENOPROTOOPT, EPERM.</exception>
    public unsafe void SetOption(int option, int value)
    {
        if (setsockopt(Number, NetlinkConstants.SOL_NETLINK, option, &value, sizeof(int)) < 0)
        {
            throw new LinuxException("setsockopt", $"SOL_NETLINK {option}", Libc.LastErrno);
        }
    }

    /// <summary>Waits until there is something to read.</summary>
    /// <returns>False if there was nothing in that time.</returns>
    public unsafe bool Await(int milliseconds)
    {
        var waiting = new pollfd { fd = Number, events = POLLIN };
        return poll(&waiting, 1, milliseconds) > 0;
    }

    /// <summary>Sends one datagram to the kernel.</summary>
    /// <exception cref="LinuxException">ENOBUFS, EPERM.</exception>
    public unsafe void Send(ReadOnlySpan<byte> request, string call, string subject)
    {
        var kernel = new NetlinkAddress { Family = (ushort)AF_NETLINK };
        fixed (byte* bytes = request)
        {
            var sent = sendto(Number, bytes, request.Length, 0, (sockaddr*)&kernel, sizeof(NetlinkAddress));
            if (sent < 0 && Libc.LastErrno == Errno.EMSGSIZE)
            {
                // A datagram must fit into the buffer, of which the kernel makes twice what it is told.
                var room = request.Length;
                _ = setsockopt(Number, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(int));
                sent = sendto(Number, bytes, request.Length, 0, (sockaddr*)&kernel, sizeof(NetlinkAddress));
            }

            if (sent < 0)
            {
                throw new LinuxException(call, subject, Libc.LastErrno);
            }
        }
    }

    /// <summary>Waits for the next datagram from the kernel itself; borrowed until the next one is waited for.</summary>
    /// <exception cref="LinuxException">ENOBUFS: more was sent than the socket holds. EAGAIN: none came in ten seconds.</exception>
    public unsafe ReadOnlySpan<byte> Receive(string call, string subject)
    {
        while (true)
        {
            NetlinkAddress sender;
            socklen_t senderBytes = sizeof(NetlinkAddress);
            long length;
            fixed (byte* bytes = received)
            {
                // With MSG_TRUNC the true length is returned, however much fits.
                length = (long)recvfrom(Number, bytes, received.Length, MSG_TRUNC, (sockaddr*)&sender, &senderBytes);
            }

            if (length < 0)
            {
                var errno = Libc.LastErrno;
                if (errno == Errno.EINTR)
                {
                    continue;
                }

                throw new LinuxException(call, subject, errno, errno == Errno.EAGAIN ? "no answer from the kernel" : null);
            }

            if (length > received.Length)
            {
                throw new LinuxException(call, subject, Errno.EMSGSIZE, "the kernel's answer is longer than our buffer");
            }

            if (sender.PortId == 0)
            {
                return received.AsSpan(0, (int)length);
            }
        }
    }

    public void Dispose() => handle.Dispose();
}
