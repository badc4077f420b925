using System.Text;

using static Tmds.Linux.LibC;

namespace CniTun.Agent.Files;

/// <summary>What changes when a file is replaced or rewritten: cheap enough to look at every second.</summary>
/// <remarks>The change time besides the inode, since a file system may give a new file the inode of the one just deleted.</remarks>
internal readonly record struct FileStamp(ulong Device, ulong Inode, long SizeBytes, long ModifiedNanoseconds, long ChangedNanoseconds)
{
    /// <summary>Looks at a file, through symbolic links.</summary>
    /// <returns>Null if it is not there or out of reach.</returns>
    public static unsafe FileStamp? TryRead(string path)
    {
        Tmds.Linux.stat result;
        fixed (byte* bytes = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (stat(bytes, &result) < 0)
            {
                return null;
            }
        }

        return new FileStamp(
            (ulong)result.st_dev,
            (ulong)result.st_ino,
            (long)result.st_size,
            Nanoseconds(result.st_mtim),
            Nanoseconds(result.st_ctim));
    }

    private static long Nanoseconds(Tmds.Linux.timespec time) => ((long)time.tv_sec * 1_000_000_000) + (long)time.tv_nsec;
}
