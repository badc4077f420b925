using CniTun.Linux.Buffers;

namespace CniTun.Tunnel.Packets;

/// <summary>Generic UDP encapsulation, variant 0 (draft-ietf-intarea-gue-09), which Linux sends: four bytes before the packet.</summary>
/// <remarks>
/// <code>
/// byte   0: variant 0, no control, length of options in words    1: protocol    2: flags
/// </code>
/// Only headers without options and flags are taken, for a first byte of 1 to 4 begins a WireGuard message.
/// </remarks>
internal static class GueHeader
{
    private const int Bytes = 4;
    private const byte IPv4 = 4;
    private const byte IPv6 = 41;

    /// <summary>Takes the header off if there is one that says what follows it.</summary>
    /// <param name="datagram">Any datagram.</param>
    /// <returns>The packet behind it, or the datagram as it is.</returns>
    public static MemoryPiece Strip(MemoryPiece datagram)
    {
        ReadOnlySpan<byte> bytes = datagram.Span;
        if (bytes.Length <= Bytes || bytes[0] != 0 || bytes[2] != 0 || bytes[3] != 0)
        {
            return datagram;
        }

        var version = bytes[Bytes] >> 4;
        var agrees = (bytes[1] == IPv4 && version == 4) || (bytes[1] == IPv6 && version == 6);
        return agrees ? new MemoryPiece(datagram.Address + Bytes, datagram.Length - Bytes) : datagram;
    }
}
