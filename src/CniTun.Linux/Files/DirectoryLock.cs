using System.Globalization;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Files;

/// <summary>Waits for the lock on an open file (flock), and says who has it when that takes too long.</summary>
internal static class DirectoryLock
{
    private const int PatienceMilliseconds = 10_000;
    private const int StepMilliseconds = 1;

    /// <exception cref="LinuxException">EAGAIN: another process has held it for ten seconds, which the text names.</exception>
    public static void Acquire(int descriptor, string path, bool shared)
    {
        var deadline = Environment.TickCount64 + PatienceMilliseconds;
        while (Libc.flock(descriptor, (shared ? Libc.LOCK_SH : Libc.LOCK_EX) | Libc.LOCK_NB) < 0)
        {
            var errno = Libc.LastErrno;
            if (errno is not (Errno.EAGAIN or Errno.EINTR))
            {
                throw new LinuxException("flock", path, errno);
            }

            if (Environment.TickCount64 >= deadline)
            {
                throw new LinuxException("flock", path, Errno.EAGAIN, $"held by {Owner(descriptor)}");
            }

            unsafe
            {
                // Its holders keep it for microseconds.
                _ = poll(null, 0, StepMilliseconds);
            }
        }
    }

    /// <summary>Finds the holder in /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 00:1a:12345 0 EOF".</summary>
    private static unsafe string Owner(int descriptor)
    {
        Tmds.Linux.stat status;
        if (fstat(descriptor, &status) == 0)
        {
            var inode = string.Create(CultureInfo.InvariantCulture, $":{(ulong)status.st_ino}");
            foreach (var line in File.ReadLines("/proc/locks"))
            {
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "FLOCK", _, _, var pid, var file, ..]
                    && file.EndsWith(inode, StringComparison.Ordinal))
                {
                    return $"process {pid}";
                }
            }
        }

        return "a process of another namespace";
    }
}
