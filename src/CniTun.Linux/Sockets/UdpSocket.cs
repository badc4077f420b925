using System.Globalization;
using CniTun.Addresses;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>
/// A UDP socket on every address of the calling thread's network namespace, for IPv6 and IPv4 at once where the kernel has both.
/// Owned by whoever bound it, and disposed when no thread is inside <see cref="Send"/> or <see cref="Receive"/>.
/// </summary>
public sealed class UdpSocket : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly ushort family;

    private UdpSocket(ushort family, SafeFileHandle handle)
    {
        this.family = family;
        this.handle = handle;
        Descriptor = (int)handle.DangerousGetHandle();
    }

    /// <summary>Gets the port; the kernel's choice if 0 was asked for.</summary>
    public ushort Port { get; private set; }

    /// <summary>Gets a value indicating whether IPv6 is reached too, and not IPv4 alone.</summary>
    public bool IsDualStack => family == Libc.AF_INET6;

    /// <summary>Gets the descriptor, to wait on.</summary>
    internal int Descriptor { get; }

    /// <summary>Opens and binds the socket.</summary>
    /// <param name="port">0 lets the kernel choose.</param>
    /// <param name="shared">Several sockets of this user may have the port, and the kernel spreads senders over them (SO_REUSEPORT).</param>
    /// <exception cref="LinuxException">EADDRINUSE: the port is taken. EACCES: a port below 1024 without CAP_NET_BIND_SERVICE. EMFILE.</exception>
    public static UdpSocket Bind(ushort port, bool shared = false)
    {
        try
        {
            return Bind(Libc.AF_INET6, port, shared);
        }
        catch (LinuxException e) when (e.Errno is Errno.EAFNOSUPPORT or Errno.EADDRNOTAVAIL)
        {
            // A kernel without IPv6, or a namespace with disable_ipv6 set.
            return Bind(Libc.AF_INET, port, shared);
        }
    }

    /// <summary>Asks for socket buffers of this size, past the system's limit if we may, and else up to it.</summary>
    /// <param name="receiveBytes">Of payload: the kernel keeps as much again for its own book-keeping.</param>
    /// <param name="sendBytes">Likewise.</param>
    /// <returns>False if less was granted (no CAP_NET_ADMIN, and net.core.rmem_max or wmem_max is lower).</returns>
    public bool TryEnlargeBuffers(int receiveBytes, int sendBytes)
    {
        if (!TrySet(SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes))
        {
            Set(SOL_SOCKET, SO_RCVBUF, receiveBytes, nameof(SO_RCVBUF));
        }

        if (!TrySet(SOL_SOCKET, SO_SNDBUFFORCE, sendBytes))
        {
            Set(SOL_SOCKET, SO_SNDBUF, sendBytes, nameof(SO_SNDBUF));
        }

        return Get(SO_RCVBUF) >= 2 * receiveBytes && Get(SO_SNDBUF) >= 2 * sendBytes;
    }

    /// <summary>Marks every datagram from now on (SO_MARK), for routing rules and filters; 0 for none.</summary>
    /// <exception cref="LinuxException">EPERM: neither CAP_NET_ADMIN nor CAP_NET_RAW.</exception>
    public void SetMark(uint mark) => Set(SOL_SOCKET, SO_MARK, unchecked((int)mark), nameof(SO_MARK));

    /// <summary>Lets one message hold many datagrams of one sender that came together (UDP_GRO), or not.</summary>
    /// <returns>0, or an errno. ENOPROTOOPT: this kernel does not know how (before Linux 5.0).</returns>
    public int MergeReceived(bool merge) => TrySet(Libc.SOL_UDP, Libc.UDP_GRO, merge ? 1 : 0) ? 0 : Libc.LastErrno;

    /// <summary>Sends one datagram, without waiting for room in the send buffer.</summary>
    /// <returns>
    /// Its length, or a negated errno. EAGAIN: no room. EMSGSIZE: too long for the interface, and never fragmented.
    /// EAFNOSUPPORT: IPv6 on a socket without it.
    /// </returns>
    public unsafe int Send(ReadOnlySpan<byte> datagram, in IpEndpoint destination)
    {
        var address = SocketAddress.For(destination, family);
        fixed (byte* bytes = datagram)
        {
            var sent = sendto(Descriptor, bytes, datagram.Length, MSG_DONTWAIT, (sockaddr*)&address, IsDualStack ? SocketAddress.IPv6Bytes : SocketAddress.IPv4Bytes);
            return sent >= 0 ? (int)sent : -Libc.LastErrno;
        }
    }

    /// <summary>Sleeps until half of the send buffer is free, which is what poll(2) calls writable, but no longer than that.</summary>
    public unsafe void WaitForRoom(int milliseconds)
    {
        var wait = new pollfd { fd = Descriptor, events = POLLOUT };
        _ = poll(&wait, 1, milliseconds);
    }

    /// <summary>Receives one datagram, without waiting for it.</summary>
    /// <param name="datagram">65,535 bytes hold any; a longer one loses its end.</param>
    /// <param name="source">The sender; an IPv4 address as such on a socket for both families.</param>
    /// <returns>Its length, which may be 0, or a negated errno. EAGAIN: none waits.</returns>
    public unsafe int Receive(Span<byte> datagram, out IpEndpoint source)
    {
        SocketAddress address = default;
        socklen_t addressBytes = SocketAddress.IPv6Bytes;
        fixed (byte* bytes = datagram)
        {
            var received = recvfrom(Descriptor, bytes, datagram.Length, MSG_DONTWAIT, (sockaddr*)&address, &addressBytes);
            if (received < 0)
            {
                source = default;
                return -Libc.LastErrno;
            }

            source = address.ToEndpoint();
            return (int)received;
        }
    }

    public void Dispose() => handle.Dispose();

    private static UdpSocket Bind(ushort family, ushort port, bool shared)
    {
        var subject = string.Create(CultureInfo.InvariantCulture, $"UDP port {port}");
        var descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0)
        {
            throw new LinuxException("socket", subject, Libc.LastErrno);
        }

        var opened = new UdpSocket(family, new SafeFileHandle(descriptor, ownsHandle: true));
        try
        {
            opened.Configure(shared);
            opened.BindTo(port, subject);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Sets both families' options: an IPv6 socket sends IPv4 by the options of IPv4.</summary>
    /// <remarks>
    /// PROBE: DF is set and the kernel neither fragments nor believes what ICMP said of the path, since anybody may say it.
    /// A datagram that is too long for the outgoing interface is refused with EMSGSIZE, where it can be counted.
    /// </remarks>
    private void Configure(bool shared)
    {
        if (shared)
        {
            Set(SOL_SOCKET, SO_REUSEPORT, 1, nameof(SO_REUSEPORT));
        }

        Set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, nameof(IP_MTU_DISCOVER));
        Set(IPPROTO_IP, IP_RECVTOS, 1, nameof(IP_RECVTOS));
        if (IsDualStack)
        {
            Set(IPPROTO_IPV6, IPV6_RECVTCLASS, 1, nameof(IPV6_RECVTCLASS));
            Set(IPPROTO_IPV6, IPV6_V6ONLY, 0, nameof(IPV6_V6ONLY));
            Set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, nameof(IPV6_MTU_DISCOVER));
        }
    }

    private unsafe void BindTo(ushort port, string subject)
    {
        var any = IsDualStack ? IpAddress.FromIPv6(0) : IpAddress.FromIPv4(0);
        var address = SocketAddress.For(new IpEndpoint(any, port), family);
        socklen_t length = IsDualStack ? SocketAddress.IPv6Bytes : SocketAddress.IPv4Bytes;
        if (bind(Descriptor, (sockaddr*)&address, length) < 0)
        {
            throw new LinuxException("bind", subject, Libc.LastErrno);
        }

        if (getsockname(Descriptor, (sockaddr*)&address, &length) < 0)
        {
            throw new LinuxException("getsockname", subject, Libc.LastErrno);
        }

        Port = address.ToEndpoint().Port;
    }

    private void Set(int level, int option, int value, string name)
    {
        if (!TrySet(level, option, value))
        {
            throw new LinuxException("setsockopt", name, Libc.LastErrno);
        }
    }

    private unsafe bool TrySet(int level, int option, int value) =>
        setsockopt(Descriptor, level, option, &value, sizeof(int)) == 0;

    private unsafe int Get(int option)
    {
        int value;
        socklen_t length = sizeof(int);
        return getsockopt(Descriptor, SOL_SOCKET, option, &value, &length) == 0
            ? value
            : throw new LinuxException("getsockopt", "UDP socket", Libc.LastErrno);
    }
}
