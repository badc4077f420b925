using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Files;

/// <summary>
/// A file mapped into memory that all processes which map it see change at once. Owned by whoever mapped it; no span of it may outlive it.
/// </summary>
public sealed unsafe class SharedMemory : IDisposable
{
    private readonly int lengthBytes;
    private long* words;

    private SharedMemory(long* words, int lengthBytes)
    {
        this.words = words;
        this.lengthBytes = lengthBytes;
    }

    /// <summary>Gets the content as numbers in host order, aligned for atomic operations.</summary>
    public Span<long> Words
    {
        get
        {
            ObjectDisposedException.ThrowIf(words is null, this);
            return new Span<long>(words, lengthBytes / sizeof(long));
        }
    }

    /// <summary>Maps a file of exactly this length.</summary>
    /// <returns>Null if there is no such file, or if it has another length.</returns>
    /// <exception cref="LinuxException">EACCES, EROFS, EMFILE, ENOMEM.</exception>
    public static SharedMemory? TryMap(DirectoryHandle directory, string name, int lengthBytes)
    {
        int descriptor;
        fixed (byte* bytes = DirectoryHandle.Terminated(DirectoryHandle.Checked(name)))
        {
            descriptor = openat(directory.Descriptor, bytes, O_RDWR | O_CLOEXEC | O_NOFOLLOW, default);
        }

        if (descriptor < 0)
        {
            var errno = Libc.LastErrno;
            return errno == Errno.ENOENT ? null : throw new LinuxException("open", directory.Join(name), errno);
        }

        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        Tmds.Linux.stat status;
        if (fstat(descriptor, &status) < 0)
        {
            throw new LinuxException("fstat", directory.Join(name), Libc.LastErrno);
        }

        if ((long)status.st_size != lengthBytes)
        {
            return null;
        }

        var mapped = mmap(null, lengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, default);
        return mapped == (void*)-1
            ? throw new LinuxException("mmap", directory.Join(name), Libc.LastErrno)
            : new SharedMemory((long*)mapped, lengthBytes);
    }

    public void Dispose()
    {
        if (words is not null)
        {
            _ = munmap(words, lengthBytes);
            words = null;
        }
    }
}
