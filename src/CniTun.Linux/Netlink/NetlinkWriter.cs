using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>
/// Writes one netlink message: the header, a fixed part, then attributes in the order of the calls.
/// </summary>
/// <remarks>
/// Borrows the caller's buffer and never grows: a message that does not fit throws <see cref="ArgumentException"/>. Numbers are in
/// host order, as netlink has them. The sequence number is the socket's to fill in.
/// </remarks>
internal ref struct NetlinkWriter
{
    private readonly Span<byte> buffer;
    private int length;

    public NetlinkWriter(Span<byte> buffer, ushort type, ushort flags)
    {
        this.buffer = buffer;
        Type = type;
        Append(new MessageHeader { Type = type, Flags = flags });
    }

    /// <summary>Gets the message type: names the request in an error.</summary>
    public ushort Type { get; }

    /// <summary>Appends a fixed part; the next attribute starts at a multiple of 4 behind it.</summary>
    public void Append<T>(in T part)
        where T : unmanaged
    {
        var bytes = Reserve(Unsafe.SizeOf<T>());
        MemoryMarshal.Write(bytes, in part);
    }

    public void Attribute(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(ReserveAttribute(type, value.Length));

    public void Attribute(ushort type, byte value) => ReserveAttribute(type, 1)[0] = value;

    public void Attribute(ushort type, ushort value) => MemoryMarshal.Write(ReserveAttribute(type, sizeof(ushort)), value);

    public void Attribute(ushort type, uint value) => MemoryMarshal.Write(ReserveAttribute(type, sizeof(uint)), value);

    /// <summary>Appends a number in network order, as nf_tables has them.</summary>
    public void AttributeBigEndian(ushort type, uint value) =>
        BinaryPrimitives.WriteUInt32BigEndian(ReserveAttribute(type, sizeof(uint)), value);

    /// <summary>Appends UTF-8 with a terminating NUL.</summary>
    public void Attribute(ushort type, string value)
    {
        var destination = ReserveAttribute(type, Encoding.UTF8.GetByteCount(value) + 1);
        Encoding.UTF8.GetBytes(value, destination);
    }

    /// <summary>Appends 4 or 16 bytes in network order.</summary>
    public void Attribute(ushort type, IpAddress value) => value.Write(ReserveAttribute(type, value.ByteCount));

    /// <summary>Appends 6 bytes.</summary>
    public void Attribute(ushort type, MacAddress value) => value.Write(ReserveAttribute(type, MacAddress.ByteCount));

    /// <summary>Opens a nested attribute.</summary>
    /// <returns>What <see cref="End"/> takes to close it.</returns>
    public int Begin(ushort type)
    {
        var start = length;
        ReserveAttribute(type, 0);
        return start;
    }

    /// <summary>Closes a nested attribute: only now is its length known.</summary>
    public readonly void End(int start) => MemoryMarshal.Write(buffer[start..], (ushort)(length - start));

    /// <summary>Gets the finished message, valid as long as the caller's buffer; without padding behind the last attribute's alignment.</summary>
    public readonly Span<byte> Finish()
    {
        MemoryMarshal.Write(buffer, (uint)length);
        return buffer[..length];
    }

    private Span<byte> ReserveAttribute(ushort type, int valueBytes)
    {
        var total = AttributeHeaderBytes + valueBytes;
        var attribute = Reserve(total);
        MemoryMarshal.Write(attribute, (ushort)total);
        MemoryMarshal.Write(attribute[2..], type);
        return attribute[AttributeHeaderBytes..];
    }

    private Span<byte> Reserve(int bytes)
    {
        var start = length;
        var padded = Align(bytes);
        if (padded > buffer.Length - start)
        {
            throw new ArgumentException($"the netlink message is longer than its buffer of {buffer.Length} bytes", nameof(bytes));
        }

        length = start + padded;
        var reserved = buffer[start..length];
        reserved.Clear();
        return reserved[..bytes];
    }
}
