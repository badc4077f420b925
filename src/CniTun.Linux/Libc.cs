using System.Runtime.InteropServices;

namespace CniTun.Linux;

/// <summary>What Tmds.LibC lacks, or declares in a way that we cannot use.</summary>
internal static partial class Libc
{
    /// <summary>Gets the error number that the last call with <c>SetLastError</c> left behind.</summary>
    public static int LastErrno => Marshal.GetLastPInvokeError();
}
