using System.Runtime.InteropServices;

namespace CniTun.Linux.Nftables;

/// <summary><c>struct nfgenmsg</c>: the fixed part of every netfilter message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetfilterHeader
{
    public byte Family;
    public byte Version;

    /// <summary>In network order; only in the messages around a batch, where it names the subsystem.</summary>
    public ushort ResourceId;
}
