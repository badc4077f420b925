using CniTun.Linux;

namespace CniTun.Tunnel.Packets;

/// <summary>Why a packet went no further. Each reason is counted for each direction; nothing else is done about it.</summary>
public enum Drop
{
    /// <summary>It went further.</summary>
    None,

    /// <summary>From the TUN: the version in its first four bits is neither 4 nor 6.</summary>
    NotIp,

    /// <summary>From the network: a first byte that begins none of the formats that we speak. So too an empty datagram.</summary>
    UnknownFormat,

    /// <summary>It ends before its IP header does, or the header says a length of its own that is too short.</summary>
    BadHeader,

    /// <summary>The header says that the packet is longer than what came, or shorter than the header.</summary>
    BadLength,

    /// <summary>From the TUN: the virtio header does not agree with the packet behind it.</summary>
    BadOffload,

    /// <summary>No peer's allowed IPs hold the destination.</summary>
    NoPeer,

    /// <summary>Likewise, and it is a multicast group's: the kernel's own chatter on every interface.</summary>
    Multicast,

    /// <summary>The destination's peer has no endpoint.</summary>
    NoEndpoint,

    /// <summary>No peer has the address that the datagram came from.</summary>
    UnknownSource,

    /// <summary>The packet's own source is not among the allowed IPs of the peer that sent it.</summary>
    SpoofedSource,

    /// <summary>The underlay marked the datagram for congestion, and the inner sender understands no such mark (RFC 6040).</summary>
    Congestion,

    /// <summary>Longer than the receive buffer, so that its end was lost.</summary>
    Truncated,

    /// <summary>EIO from the TUN: the interface is down.</summary>
    InterfaceDown,

    /// <summary>EMSGSIZE: longer than the underlay's interface takes. The tunnel's MTU is set too high.</summary>
    TooBig,

    /// <summary>EAGAIN, ENOBUFS, ENOMEM: a queue is full.</summary>
    NoBuffers,

    /// <summary>ENETUNREACH, EHOSTUNREACH, ENETDOWN, ECONNREFUSED, EADDRNOTAVAIL: no way to the peer now.</summary>
    Unreachable,

    /// <summary>EPERM, EACCES: a filter forbids it.</summary>
    Forbidden,

    /// <summary>EAFNOSUPPORT: the peer has an IPv6 endpoint, and this node no IPv6.</summary>
    NoAddressFamily,

    /// <summary>Any other errno from the system call that was to pass it on or to receive it.</summary>
    SystemCallFailed,
}

/// <summary>Which reason an errno is, and what a reason is called outside.</summary>
public static class Drops
{
    /// <summary>How many values <see cref="Drop"/> has.</summary>
    public const int Count = (int)Drop.SystemCallFailed + 1;

    /// <param name="result">What the system call returned: a length, or a negated errno.</param>
    public static Drop FromResult(int result) => result >= 0 ? Drop.None : FromErrno(-result);

    public static Drop FromErrno(int errno) => errno switch
    {
        Errno.EIO => Drop.InterfaceDown,
        Errno.EMSGSIZE => Drop.TooBig,
        Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM => Drop.NoBuffers,
        Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.ENETDOWN or Errno.ECONNREFUSED or Errno.EADDRNOTAVAIL => Drop.Unreachable,
        Errno.EPERM or Errno.EACCES => Drop.Forbidden,
        Errno.EAFNOSUPPORT => Drop.NoAddressFamily,
        _ => Drop.SystemCallFailed,
    };

    /// <summary>Gets the reason's name in counters, as scripts know it.</summary>
    public static string Name(Drop drop) => drop switch
    {
        Drop.None => "none",
        Drop.NotIp => "not_ip",
        Drop.UnknownFormat => "unknown_format",
        Drop.BadHeader => "bad_header",
        Drop.BadLength => "bad_length",
        Drop.BadOffload => "bad_offload",
        Drop.NoPeer => "no_peer",
        Drop.Multicast => "multicast",
        Drop.NoEndpoint => "no_endpoint",
        Drop.UnknownSource => "unknown_source",
        Drop.SpoofedSource => "spoofed_source",
        Drop.Congestion => "congestion",
        Drop.Truncated => "truncated",
        Drop.InterfaceDown => "interface_down",
        Drop.TooBig => "too_big",
        Drop.NoBuffers => "no_buffers",
        Drop.Unreachable => "unreachable",
        Drop.Forbidden => "forbidden",
        Drop.NoAddressFamily => "no_address_family",
        _ => "system_call_failed",
    };
}
