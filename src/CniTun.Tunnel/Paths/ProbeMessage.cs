using System.Buffers.Binary;

namespace CniTun.Tunnel.Paths;

/// <summary>One probe of the path between two tunnels, or the answer to one: the whole payload of a datagram.</summary>
/// <remarks>
/// A request is padded with zeros to the size that is being tried. A reply is never longer than its request, so that nobody can
/// have one node flood another. It repeats what the request said, and tells how many bytes of it arrived.
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+---------------+-------------------------------+
/// | 0x80 request  |   version 1   |  request: bytes of payload    |
/// | 0x81 reply    |               |  reply: bytes that arrived    |
/// +---------------+---------------+-------------------------------+
/// |                           sequence                            |
/// +---------------------------------------------------------------+
/// |                    token, 64 bits, random                     |
/// |                                                               |
/// +---------------------------------------------------------------+
/// |            timestamp, 64 bits, in units of its sender         |
/// |                                                               |
/// +---------------------------------------------------------------+
/// |                   request: zeros to its end                   |
/// </code>
/// </remarks>
/// <param name="IsReply">Whether it answers a request.</param>
/// <param name="Sequence">Grows by one a request.</param>
/// <param name="Token">What somebody who does not see the request cannot guess.</param>
/// <param name="Timestamp">Of the request's sender, who alone knows what it means.</param>
/// <param name="PayloadBytes">The size of the request as a datagram's payload.</param>
public readonly record struct ProbeMessage(bool IsReply, uint Sequence, ulong Token, long Timestamp, int PayloadBytes)
{
    /// <summary>The size of a reply, and the least of a request.</summary>
    public const int HeaderBytes = 24;

    /// <summary>The most that a UDP datagram over IPv4 can carry.</summary>
    public const int MaxPayloadBytes = 65_507;

    private const byte FirstOfProbes = 0x80;
    private const byte Request = 0x80;
    private const byte Reply = 0x81;
    private const byte Version = 1;

    /// <summary>Tells by a datagram's first byte whether it is ours to judge: no packet and no other format begins so.</summary>
    public static bool IsProbe(byte first) => first >= FirstOfProbes;

    /// <summary>Reads a datagram, every byte of which may be hostile.</summary>
    /// <returns>False if it is neither a request nor a reply of our version, or not as long as it says.</returns>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out ProbeMessage message)
    {
        message = default;
        if (datagram.Length < HeaderBytes || datagram[0] is not (Request or Reply) || datagram[1] != Version)
        {
            return false;
        }

        message = new ProbeMessage(
            datagram[0] == Reply,
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt64BigEndian(datagram[8..]),
            BinaryPrimitives.ReadInt64BigEndian(datagram[16..]),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]));
        return message.IsReply ? message.PayloadBytes >= HeaderBytes : message.PayloadBytes == datagram.Length;
    }

    /// <summary>Writes a request of <see cref="PayloadBytes"/>, or a reply.</summary>
    /// <param name="datagram">At least as long as what is written.</param>
    /// <returns>How many bytes were written.</returns>
    public int Write(Span<byte> datagram)
    {
        var length = IsReply ? HeaderBytes : PayloadBytes;
        datagram = datagram[..length];
        datagram[0] = IsReply ? Reply : Request;
        datagram[1] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], (ushort)PayloadBytes);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[8..], Token);
        BinaryPrimitives.WriteInt64BigEndian(datagram[16..], Timestamp);
        datagram[HeaderBytes..].Clear();
        return length;
    }
}
