using System.Buffers.Binary;
using CniTun.Tunnel.Headers;

namespace CniTun.Tunnel.Packets;

/// <summary>Brings a congestion mark of the underlay to the inner packet (RFC 6040, section 4.2).</summary>
internal static class Ecn
{
    private const int Mask = 3;
    private const int NotCapable = 0;
    private const int Capable1 = 1;
    private const int Capable0 = 2;
    private const int Experienced = 3;

    /// <summary>Tells whether an outer header with this mark can change or drop a packet.</summary>
    public static bool MayChange(byte outerClass) => (outerClass & Mask) is Experienced or Capable1;

    /// <summary>Combines the marks of both headers.</summary>
    /// <param name="packet">An inner packet that was checked; changed in place if its mark changes.</param>
    /// <param name="outerClass">DSCP and ECN of the outer header.</param>
    /// <returns>
    /// <see cref="Drop.Congestion"/> for congestion on the underlay that the inner sender does not understand to be told of, or
    /// <see cref="Drop.None"/>.
    /// </returns>
    public static Drop Decapsulate(Span<byte> packet, byte outerClass)
    {
        if (!MayChange(outerClass))
        {
            return Drop.None;
        }

        var outer = outerClass & Mask;
        var isIPv6 = packet[0] >> 4 == 6;
        var inner = (isIPv6 ? packet[1] >> 4 : packet[1]) & Mask;
        if (inner == NotCapable)
        {
            return outer == Experienced ? Drop.Congestion : Drop.None;
        }

        // ECT(1) on the way weighs more than ECT(0) inside, and CE more than either.
        if (inner == Experienced || (outer == Capable1 && inner != Capable0))
        {
            return Drop.None;
        }

        if (isIPv6)
        {
            packet[1] = (byte)((packet[1] & ~(Mask << 4)) | (outer << 4));
            return Drop.None;
        }

        // RFC 1624, equation 3: what the field's word loses and gains, the checksum gains and loses.
        var before = BinaryPrimitives.ReadUInt16BigEndian(packet);
        packet[1] = (byte)((packet[1] & ~Mask) | outer);
        var sum = (ushort)~BinaryPrimitives.ReadUInt16BigEndian(packet[10..]) + (ushort)~before + BinaryPrimitives.ReadUInt16BigEndian(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Checksum.Finish((ulong)sum));
        return Drop.None;
    }
}
