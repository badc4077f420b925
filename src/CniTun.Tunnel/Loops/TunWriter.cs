using CniTun.Linux;
using CniTun.Linux.Buffers;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Packets;

namespace CniTun.Tunnel.Loops;

/// <summary>Writes packets into one queue of a TUN, and remembers whether that was deleted. Belongs to one thread.</summary>
internal sealed class TunWriter(TunDevice tun) : IPacketWriter
{
    public bool IsLost { get; private set; }

    public int Write(PieceList pieces)
    {
        var written = tun.Write(pieces);
        IsLost |= written == -Errno.EBADFD;
        return written;
    }
}
