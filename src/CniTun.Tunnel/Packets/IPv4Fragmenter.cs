using System.Buffers.Binary;
using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// Cuts an IPv4 packet that allows it into fragments (RFC 791, sections 2.3 and 3.2), one a call. Borrows the packet; allocates nothing.
/// </summary>
/// <remarks>
/// The first fragment has all of the packet's options, the others those alone whose copy flag says so. A fragment may be cut again:
/// offsets go on from its own, and "more fragments" stays set on its last part.
/// </remarks>
public ref struct IPv4Fragmenter
{
    private const int HeaderBytes = 20;
    private const ushort DontFragment = 0x4000;
    private const ushort MoreFragments = 0x2000;
    private const ushort OffsetMask = 0x1fff;

    private readonly ReadOnlySpan<byte> packet;
    private readonly int headerBytes;
    private readonly int maxBytes;
    private readonly ushort flagsAndOffset;
    private int done;

    private IPv4Fragmenter(ReadOnlySpan<byte> packet, int headerBytes, int maxBytes, ushort flagsAndOffset)
    {
        this.packet = packet;
        this.headerBytes = headerBytes;
        this.maxBytes = maxBytes;
        this.flagsAndOffset = flagsAndOffset;
    }

    /// <summary>Gets a value indicating whether all of the packet was handed out.</summary>
    public readonly bool IsDone => done == packet.Length - headerBytes;

    /// <summary>Prepares to cut a packet.</summary>
    /// <param name="packet">Exactly one whole packet with a payload; borrowed until the last fragment was made.</param>
    /// <param name="maxBytes">The most that a fragment may have.</param>
    /// <param name="fragmenter">Ready for <see cref="Next"/>.</param>
    /// <returns>
    /// False if it must not be cut (DF, for which there is <see cref="TooBigAnswer"/>) or cannot: it is no IPv4 packet, is not as long as
    /// it says, has options that cannot be read, reaches past 65,535 bytes, or nothing fits behind the header.
    /// </returns>
    public static bool TryBegin(ReadOnlySpan<byte> packet, int maxBytes, out IPv4Fragmenter fragmenter)
    {
        fragmenter = default;
        if (packet.Length < HeaderBytes || packet[0] >> 4 != 4)
        {
            return false;
        }

        var header = (packet[0] & 0xf) * 4;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        if (header < HeaderBytes
            || packet.Length <= header
            || BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) != packet.Length
            || (flags & DontFragment) != 0
            || ((flags & OffsetMask) * 8) + packet.Length > ushort.MaxValue
            || maxBytes < header + 8
            || !OptionsAreWhole(packet[HeaderBytes..header]))
        {
            return false;
        }

        fragmenter = new IPv4Fragmenter(packet, header, maxBytes, flags);
        return true;
    }

    /// <summary>Makes the next fragment.</summary>
    /// <param name="fragment">At least as long as the most that a fragment may have, or as the packet; not the packet itself.</param>
    /// <returns>Its length; 0 when there is none any more.</returns>
    public int Next(Span<byte> fragment)
    {
        if (IsDone)
        {
            return 0;
        }

        var header = done == 0 ? headerBytes : HeaderBytes + CopyOptions(fragment);
        packet[..(done == 0 ? headerBytes : HeaderBytes)].CopyTo(fragment);

        var left = packet.Length - headerBytes - done;
        var payload = left <= maxBytes - header ? left : (maxBytes - header) & ~7;
        packet.Slice(headerBytes + done, payload).CopyTo(fragment[header..]);

        var more = payload < left ? MoreFragments : (ushort)(flagsAndOffset & MoreFragments);
        var offset = (flagsAndOffset & OffsetMask) + (done / 8);
        fragment = fragment[..(header + payload)];
        fragment[0] = (byte)(0x40 | (header / 4));
        BinaryPrimitives.WriteUInt16BigEndian(fragment[2..], (ushort)fragment.Length);
        BinaryPrimitives.WriteUInt16BigEndian(fragment[6..], (ushort)(more | offset));
        IpHeader.WriteIPv4Checksum(fragment);
        done += payload;
        return fragment.Length;
    }

    /// <summary>Reads through the options: 0 ends them, 1 is a single byte, every other says its length in its second byte.</summary>
    private static bool OptionsAreWhole(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty && options[0] != 0)
        {
            var length = options[0] == 1 ? 1 : options.Length > 1 ? options[1] : 0;
            if (length == 0 || length > options.Length || (options[0] != 1 && length < 2))
            {
                return false;
            }

            options = options[length..];
        }

        return true;
    }

    /// <summary>Writes the options that every fragment has, filled up with "end of options" to whole words.</summary>
    /// <returns>How many bytes they take.</returns>
    private readonly int CopyOptions(Span<byte> fragment)
    {
        var copied = fragment[HeaderBytes..];
        var count = 0;
        for (var options = packet[HeaderBytes..headerBytes]; !options.IsEmpty && options[0] != 0;)
        {
            var length = options[0] == 1 ? 1 : options[1];
            if ((options[0] & 0x80) != 0)
            {
                options[..length].CopyTo(copied[count..]);
                count += length;
            }

            options = options[length..];
        }

        var padded = (count + 3) & ~3;
        copied[count..padded].Clear();
        return padded;
    }
}
