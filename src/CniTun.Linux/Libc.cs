using System.Runtime.InteropServices;

namespace CniTun.Linux;

/// <summary>What Tmds.LibC lacks, or declares in a way that we cannot use; constants from the header named beside them.</summary>
internal static partial class Libc
{
    /// <summary>linux/sched.h: a network namespace.</summary>
    public const int CLONE_NEWNET = 0x40000000;

    /// <summary>linux/nsfs.h, <c>_IO(0xb7, 3)</c>: which CLONE_* kind a namespace file is.</summary>
    public const uint NS_GET_NSTYPE = 0xb703;

    /// <summary>asm-generic/fcntl.h: an unnamed file in the directory that is opened, O_DIRECTORY included.</summary>
    public const int O_TMPFILE = 0x410000;

    /// <summary>sys/file.h.</summary>
    public const int LOCK_SH = 1;
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;

    /// <summary>Gets the error number that the last call with <c>SetLastError</c> left behind.</summary>
    public static int LastErrno => Marshal.GetLastPInvokeError();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(int fd, int operation);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, nuint argument);

    /// <summary>Fills the buffer with <c>struct linux_dirent64</c> records.</summary>
    /// <returns>Bytes filled; 0 at the end of the directory.</returns>
    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial nint getdents64(int fd, byte* buffer, nuint length);
}
