using CniTun.Linux.Buffers;

namespace CniTun.Tunnel.Packets;

/// <summary>Takes what the inbound core made ready. The loop writes it to a TUN, a test to a list.</summary>
public interface IPacketWriter
{
    /// <summary>Writes one packet with its virtio header.</summary>
    /// <returns>A length, or a negated errno.</returns>
    int Write(PieceList pieces);
}
