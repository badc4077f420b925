using System.Buffers.Binary;

namespace CniTun.Tunnel.Paths;

/// <summary>The Internet checksum (RFC 1071) for the few packets that we make ourselves.</summary>
internal static class InternetChecksum
{
    /// <summary>Adds bytes to a sum, as 16-bit words in network order; an odd last byte is the upper half of a word.</summary>
    public static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 2; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((uint)bytes[0] << 8);
    }

    /// <summary>Makes the checksum of a sum over less than 128 KiB.</summary>
    public static ushort Finish(uint sum)
    {
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~(sum + (sum >> 16));
    }
}
