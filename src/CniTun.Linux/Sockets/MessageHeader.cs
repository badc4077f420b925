using System.Runtime.InteropServices;

namespace CniTun.Linux.Sockets;

/// <summary><c>struct mmsghdr</c>, which is a <c>struct msghdr</c> and a length (bits/socket.h).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct MessageHeader
{
    [FieldOffset(0)]
    public nint Name;

    [FieldOffset(8)]
    public uint NameLength;

    [FieldOffset(16)]
    public nint Pieces;

    [FieldOffset(24)]
    public nuint PieceCount;

    [FieldOffset(32)]
    public nint Control;

    [FieldOffset(40)]
    public nuint ControlLength;

    [FieldOffset(48)]
    public int Flags;

    /// <summary>Written by the kernel: how many bytes were sent or received.</summary>
    [FieldOffset(56)]
    public uint Length;
}
