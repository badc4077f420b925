using System.Runtime.InteropServices;

namespace CniTun.Linux.Netlink;

/// <summary><c>struct nlmsghdr</c>: stands before every message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    /// <summary>In bytes, this header included, padding excluded.</summary>
    public uint Length;
    public ushort Type;
    public ushort Flags;
    public uint Sequence;
    public uint PortId;
}

/// <summary><c>struct ifinfomsg</c>: the fixed part of a link message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinkHeader
{
    public byte Family;
    public byte Padding;
    public ushort DeviceType;
    public int Index;
    public uint Flags;

    /// <summary>Which bits of <see cref="Flags"/> a request means to change.</summary>
    public uint Change;
}

/// <summary><c>struct ifaddrmsg</c>: the fixed part of an address message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressHeader
{
    public byte Family;
    public byte PrefixLength;
    public byte Flags;
    public byte Scope;
    public uint Index;
}

/// <summary><c>struct rtmsg</c>: the fixed part of a route message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteHeader
{
    public byte Family;
    public byte DestinationLength;
    public byte SourceLength;
    public byte TypeOfService;
    public byte Table;
    public byte Protocol;
    public byte Scope;
    public byte Type;
    public uint Flags;
}

/// <summary><c>struct ndmsg</c>: the fixed part of a neighbour message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NeighbourHeader
{
    public byte Family;
    public byte Padding1;
    public ushort Padding2;
    public int Index;
    public ushort State;
    public byte Flags;
    public byte Type;
}

/// <summary><c>struct bridge_vlan_info</c>: a VLAN of a bridge port, or one end of a stretch of them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BridgeVlanInfo
{
    public ushort Flags;
    public ushort VlanId;
}

/// <summary><c>struct br_vlan_msg</c>: the fixed part of a message about the VLANs of a bridge or of a port of one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BridgeVlanHeader
{
    public byte Family;
    public byte Reserved1;
    public ushort Reserved2;
    public int Index;
}

/// <summary><c>struct sockaddr_nl</c>: who sent or shall get a message; port 0 is the kernel.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAddress
{
    public ushort Family;
    public ushort Padding;
    public uint PortId;
    public uint Groups;
}
