using CniTun.Addresses;
using CniTun.Linux.Netlink;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>Tells all on a link whose Ethernet address an IPv6 address has now: unsolicited neighbour advertisements (RFC 4861, 4.4 and 7.2.6).</summary>
/// <remarks>Owned by whoever opened it; for one thread. Belongs to the network namespace in which it was opened.</remarks>
public sealed class NeighbourAdvertiser : IDisposable
{
    // netinet/in.h, linux/in6.h.
    private const int ICMPV6 = 58;
    private const int IPV6_MULTICAST_HOPS = 18;

    /// <summary>What a receiver demands, as a router would have lowered it.</summary>
    private const int Hops = 255;
    private const int MessageBytes = 32;

    private readonly SafeFileHandle socket;

    private NeighbourAdvertiser(SafeFileHandle socket) => this.socket = socket;

    /// <summary>Gets ff02::1.</summary>
    private static IpAddress AllNodes => IpAddress.FromIPv6(new UInt128(0xff02_0000_0000_0000, 1));

    /// <summary>Opens the calling thread's network namespace.</summary>
    /// <returns>Null without CAP_NET_RAW.</returns>
    /// <exception cref="LinuxException">EAFNOSUPPORT: no IPv6. EMFILE.</exception>
    public static unsafe NeighbourAdvertiser? TryOpen()
    {
        var descriptor = socket(Libc.AF_INET6, SOCK_RAW | SOCK_CLOEXEC, ICMPV6);
        if (descriptor < 0)
        {
            var refusal = Libc.LastErrno;
            return refusal == Errno.EPERM ? null : throw new LinuxException("socket", "ICMPv6", refusal);
        }

        var opened = new NeighbourAdvertiser(new SafeFileHandle(descriptor, ownsHandle: true));
        var hops = Hops;
        if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(int)) < 0)
        {
            var errno = Libc.LastErrno;
            opened.Dispose();
            throw new LinuxException("setsockopt", nameof(IPV6_MULTICAST_HOPS), errno);
        }

        return opened;
    }

    /// <summary>Sends one advertisement, which replaces what others hold of the address.</summary>
    /// <param name="link">Up, and with a carrier.</param>
    /// <param name="own">An IPv6 address of it, not tentative.</param>
    /// <exception cref="LinuxException">ENETUNREACH, EADDRNOTAVAIL: the link has no IPv6.</exception>
    public unsafe void Announce(Link link, IpAddress own)
    {
        // byte  0 type | 1 code | 2 checksum, the kernel's | 4 router, solicited, override, reserved | 8 target | 24 option | 25 in 8 bytes | 26 MAC
        Span<byte> message = stackalloc byte[MessageBytes];
        message.Clear();
        message[0] = 136;
        message[4] = 0x20;
        own.Write(message[8..]);
        message[24] = 2;
        message[25] = 1;
        link.Mac.GetValueOrDefault().Write(message[26..]);
        var allNodes = SocketAddress.For(new IpEndpoint(AllNodes, 0), Libc.AF_INET6);
        allNodes.Scope = (uint)link.Index;
        fixed (byte* bytes = message)
        {
            if (sendto((int)socket.DangerousGetHandle(), bytes, MessageBytes, 0, (sockaddr*)&allNodes, SocketAddress.IPv6Bytes) < 0)
            {
                throw new LinuxException("sendto", $"{own} on {link.Name}", Libc.LastErrno);
            }
        }
    }

    public void Dispose() => socket.Dispose();
}
