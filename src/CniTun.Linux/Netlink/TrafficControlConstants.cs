using System.Runtime.InteropServices;

namespace CniTun.Linux.Netlink;

/// <summary>Constants of traffic control (linux/rtnetlink.h, pkt_sched.h, pkt_cls.h, tc_act/tc_mirred.h).</summary>
internal static class TrafficControlConstants
{
    public const ushort RTM_NEWQDISC = 36;
    public const ushort RTM_GETQDISC = 38;
    public const ushort RTM_NEWTFILTER = 44;
    public const ushort RTM_GETTFILTER = 46;

    public const ushort TCA_KIND = 1;
    public const ushort TCA_OPTIONS = 2;

    public const uint TC_H_ROOT = 0xffff_ffff;
    public const uint TC_H_INGRESS = 0xffff_fff1;

    /// <summary>What the ingress queue is called by the filters in it.</summary>
    public const uint IngressHandle = 0xffff_0000;

    public const byte TC_LINKLAYER_ETHERNET = 1;

    public const ushort TCA_TBF_PARMS = 1;
    public const ushort TCA_TBF_RATE64 = 4;
    public const ushort TCA_TBF_BURST = 6;

    public const ushort TCA_U32_SEL = 5;
    public const ushort TCA_U32_ACT = 7;
    public const byte TC_U32_TERMINAL = 1;

    public const ushort TCA_ACT_KIND = 1;
    public const ushort TCA_ACT_OPTIONS = 2;
    public const ushort TCA_MIRRED_PARMS = 2;
    public const int TCA_EGRESS_REDIR = 1;
    public const int TC_ACT_STOLEN = 4;

    /// <summary>The place in a list of actions.</summary>
    public const ushort FirstAction = 1;

    /// <summary>ETH_P_ALL (3), its bytes as on the wire.</summary>
    public const uint AllProtocolsInNetworkOrder = 0x0300;

    /// <summary>PSCHED_TICKS is nanoseconds shifted by PSCHED_SHIFT (6): net/pkt_sched.h of the kernel, told in /proc/net/psched.</summary>
    public const ulong TickNanoseconds = 64;
}

/// <summary><c>struct tcmsg</c>: the fixed part of a message about queues and filters.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TrafficHeader
{
    public byte Family;
    public byte Padding1;
    public ushort Padding2;
    public int Index;
    public uint Handle;
    public uint Parent;
    public uint Info;
}

/// <summary><c>struct tc_ratespec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RateParameters
{
    public byte CellLog;
    public byte LinkLayer;
    public ushort Overhead;
    public short CellAlign;
    public ushort SmallestPacket;
    public uint BytesPerSecond;
}

/// <summary><c>struct tc_tbf_qopt</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenBucketParameters
{
    public RateParameters Rate;
    public RateParameters PeakRate;
    public uint LimitBytes;
    public uint BufferTicks;
    public uint PacketBytes;
}

/// <summary><c>struct tc_u32_sel</c> with one <c>struct tc_u32_key</c>: 32 bits compared under a mask; zero takes everything.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AnySelector
{
    public byte Flags;
    public byte OffsetShift;
    public byte Keys;
    public byte Padding;
    public ushort OffsetMask;
    public ushort Offset;
    public short OffsetOffset;
    public short HashOffset;
    public uint HashMask;
    public uint Mask;
    public uint Value;
    public int At;
    public int AtMask;
}

/// <summary><c>struct tc_mirred</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MirrorParameters
{
    public uint Number;
    public uint Capabilities;
    public int Action;
    public int References;
    public int Bindings;
    public int Direction;
    public int Index;
}
