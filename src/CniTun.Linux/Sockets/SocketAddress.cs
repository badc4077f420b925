using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Addresses;

namespace CniTun.Linux.Sockets;

/// <summary><c>struct sockaddr_in</c> and <c>struct sockaddr_in6</c> laid over one another (netinet/in.h).</summary>
/// <remarks>
/// <code>
/// byte   0        2        4                 8                                24       28
/// in     family   port     address           zero (to 16)
/// in6    family   port     flow information  address                          scope
/// </code>
/// All but family and scope is in network order.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 28)]
internal struct SocketAddress
{
    public const int IPv4Bytes = 16;
    public const int IPv6Bytes = 28;

    [FieldOffset(0)]
    public ushort Family;

    [FieldOffset(2)]
    public PortBytes Port;

    [FieldOffset(4)]
    public IPv4AddressBytes IPv4Address;

    [FieldOffset(8)]
    public IPv6AddressBytes IPv6Address;

    /// <summary>The interface that an address of a link is meant on; in host order.</summary>
    [FieldOffset(24)]
    public uint Scope;

    /// <summary>Gets what the upper 96 bits of an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) hold: ::ffff:0:0/96.</summary>
    private static UInt128 MappedPrefix => (UInt128)0xffff << 32;

    /// <summary>Makes the address that a socket of the given family sends to.</summary>
    /// <param name="endpoint">IPv6 stays IPv6 on a socket of AF_INET, which then refuses it with EAFNOSUPPORT.</param>
    /// <param name="family">AF_INET, or AF_INET6, which reaches IPv4 through mapped addresses.</param>
    public static SocketAddress For(in IpEndpoint endpoint, ushort family)
    {
        SocketAddress address = default;
        family = endpoint.Address.IsIPv6 ? Libc.AF_INET6 : family;
        address.Family = family;
        BinaryPrimitives.WriteUInt16BigEndian(address.Port, endpoint.Port);
        var value = endpoint.Address.Value;
        if (family == Libc.AF_INET)
        {
            BinaryPrimitives.WriteUInt32BigEndian(address.IPv4Address, (uint)value);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(address.IPv6Address, endpoint.Address.IsIPv6 ? value : value | MappedPrefix);
        }

        return address;
    }

    /// <summary>Gets the endpoint; a mapped address as the IPv4 address that it stands for.</summary>
    public readonly IpEndpoint ToEndpoint()
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(Port);
        if (Family == Libc.AF_INET)
        {
            return new IpEndpoint(IpAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(IPv4Address)), port);
        }

        var value = BinaryPrimitives.ReadUInt128BigEndian(IPv6Address);
        return new IpEndpoint(value >> 32 == 0xffff ? IpAddress.FromIPv4((uint)(value & uint.MaxValue)) : IpAddress.FromIPv6(value), port);
    }

    [InlineArray(2)]
    internal struct PortBytes
    {
        private byte first;
    }

    [InlineArray(4)]
    internal struct IPv4AddressBytes
    {
        private byte first;
    }

    [InlineArray(16)]
    internal struct IPv6AddressBytes
    {
        private byte first;
    }
}
