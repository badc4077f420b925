using CniTun.Linux.Buffers;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Takes what would be written to a TUN.</summary>
internal sealed class RecordingWriter : IPacketWriter
{
    /// <summary>Gets each write, virtio header and all.</summary>
    public List<byte[]> Writes { get; } = [];

    /// <summary>Gets or sets the errno of every write, or 0.</summary>
    public int Errno { get; set; }

    public int Write(PieceList pieces)
    {
        var bytes = pieces.ToArray();
        Writes.Add(bytes);
        return Errno == 0 ? bytes.Length : -Errno;
    }
}
