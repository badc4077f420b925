using System.Runtime.InteropServices;

namespace CniTun.Agent.Keys;

/// <summary>What Tmds.LibC lacks.</summary>
internal static partial class Libc
{
    /// <summary>Fills the buffer with random bytes; up to 256 bytes come whole once the kernel is seeded (getrandom(2)).</summary>
    /// <returns>Bytes filled, or -1.</returns>
    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial nint getrandom(byte* buffer, nuint length, uint flags);
}
