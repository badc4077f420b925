using CniTun.Addresses;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>Asks the kernel how long a packet to an address may be when it leaves this host, as the calling thread's network namespace has it.</summary>
public static class RouteMtu
{
    /// <summary>linux/in.h, linux/in6.h: of a connected socket, the MTU of its route.</summary>
    internal const int IP_MTU = 14;
    internal const int IPV6_MTU = 24;

    // Nothing is sent to it.
    private const ushort DiscardPort = 9;

    /// <summary>Looks the route up.</summary>
    /// <param name="destination">Of either family.</param>
    /// <param name="mark">As of <see cref="UdpSocket.SetMark"/>, since routing may depend on it; 0 for none.</param>
    /// <returns>
    /// The MTU of the route or else of its interface, lowered to what ICMP messages made the kernel believe of the path; or a negated
    /// errno. ENETUNREACH: no route. EAFNOSUPPORT: no IPv6.
    /// </returns>
    public static unsafe int Read(IpAddress destination, uint mark = 0)
    {
        var family = destination.IsIPv6 ? Libc.AF_INET6 : Libc.AF_INET;
        var descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0)
        {
            return -Libc.LastErrno;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var address = SocketAddress.For(new IpEndpoint(destination, DiscardPort), family);
        if ((mark != 0 && setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, sizeof(uint)) < 0)
            || connect(descriptor, (sockaddr*)&address, destination.IsIPv6 ? SocketAddress.IPv6Bytes : SocketAddress.IPv4Bytes) < 0)
        {
            return -Libc.LastErrno;
        }

        int bytes;
        socklen_t length = sizeof(int);
        return getsockopt(descriptor, destination.IsIPv6 ? IPPROTO_IPV6 : IPPROTO_IP, destination.IsIPv6 ? IPV6_MTU : IP_MTU, &bytes, &length) < 0
            ? -Libc.LastErrno
            : bytes;
    }
}
