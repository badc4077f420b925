using System.Runtime.InteropServices;

namespace CniTun.Linux.Sockets;

/// <summary><c>struct cmsghdr</c> with up to 8 bytes of data (bits/socket.h): what goes beside a message.</summary>
[StructLayout(LayoutKind.Sequential, Size = Space)]
internal struct ControlMessage
{
    /// <summary>Bytes before the data.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Bytes from one to the next, for any data of up to 8 bytes.</summary>
    public const int Space = 24;

    /// <summary>With the header, without padding.</summary>
    public nuint Length;
    public int Level;
    public int Type;

    /// <summary>The data; of a shorter type, its bytes are the first.</summary>
    public ulong Data;
}
