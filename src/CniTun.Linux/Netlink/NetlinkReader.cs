using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>Walks the messages of one received datagram; ends at the first that does not fit.</summary>
internal ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> rest = datagram;

    /// <summary>Gets the current message; meaningful after <see cref="MoveNext"/> said true.</summary>
    public NetlinkMessage Current { get; private set; }

    public bool MoveNext()
    {
        if (rest.Length < MessageHeaderBytes)
        {
            return false;
        }

        var header = MemoryMarshal.Read<MessageHeader>(rest);
        if (header.Length < MessageHeaderBytes || header.Length > rest.Length)
        {
            return false;
        }

        Current = new NetlinkMessage(header, rest[MessageHeaderBytes..(int)header.Length]);
        rest = rest[Math.Min(Align((int)header.Length), rest.Length)..];
        return true;
    }
}

/// <summary>One received message: borrowed, valid until the socket receives again.</summary>
internal readonly ref struct NetlinkMessage(MessageHeader header, ReadOnlySpan<byte> payload)
{
    public MessageHeader Header { get; } = header;

    /// <summary>Gets what follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>Reads the fixed part; zero if the message is too short to have one.</summary>
    public T Fixed<T>()
        where T : unmanaged => Payload.Length >= Unsafe.SizeOf<T>() ? MemoryMarshal.Read<T>(Payload) : default;

    /// <summary>Gets the attributes behind a fixed part.</summary>
    public NetlinkAttributes After<T>()
        where T : unmanaged => new(Payload[Math.Min(Align(Unsafe.SizeOf<T>()), Payload.Length)..]);
}

/// <summary>Walks attributes; ends at the first that does not fit.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> rest = attributes;

    /// <summary>Gets the type without its flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER).</summary>
    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Gets the value as a nest of attributes.</summary>
    public readonly NetlinkAttributes Nested => new(Value);

    /// <summary>Gets the value as a number in host order; 0 if it is shorter.</summary>
    public readonly uint UInt32 => Value.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(Value) : 0;

    /// <summary>Gets the value as a number in host order; 0 if it is shorter.</summary>
    public readonly ushort UInt16 => Value.Length >= sizeof(ushort) ? MemoryMarshal.Read<ushort>(Value) : (ushort)0;

    /// <summary>Gets the value as one byte; 0 if it is empty.</summary>
    public readonly byte Byte => Value.IsEmpty ? (byte)0 : Value[0];

    /// <summary>Gets the value as text up to its NUL.</summary>
    public readonly string String
    {
        get
        {
            var end = Value.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
        }
    }

    /// <summary>Gets the value as an address, or null if it has neither 4 nor 16 bytes.</summary>
    public readonly IpAddress? IpAddress => Value.Length is 4 or 16 ? Addresses.IpAddress.FromBytes(Value) : null;

    /// <summary>Gets the value as an Ethernet address, or null if it does not have 6 bytes.</summary>
    public readonly MacAddress? MacAddress => Value.Length == 6 ? Addresses.MacAddress.FromBytes(Value) : null;

    public bool MoveNext()
    {
        if (rest.Length < AttributeHeaderBytes)
        {
            return false;
        }

        var length = MemoryMarshal.Read<ushort>(rest);
        if (length < AttributeHeaderBytes || length > rest.Length)
        {
            return false;
        }

        Type = (ushort)(MemoryMarshal.Read<ushort>(rest[2..]) & AttributeTypeMask);
        Value = rest[AttributeHeaderBytes..length];
        rest = rest[Math.Min(Align(length), rest.Length)..];
        return true;
    }
}
