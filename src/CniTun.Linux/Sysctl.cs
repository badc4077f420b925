using System.Text;
using CniTun.Linux.Files;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux;

/// <summary>Kernel settings under /proc/sys; those under net belong to the network namespace of the calling thread.</summary>
public static class Sysctl
{
    private const string Root = "/proc/sys/";

    /// <summary>Reads a setting.</summary>
    /// <param name="name">With slashes, as interface names may hold dots: "net/ipv6/conf/eth0/accept_ra".</param>
    /// <returns>The value without its newline; null if the kernel has no such setting (any more: the interface may go meanwhile).</returns>
    /// <exception cref="LinuxException">EACCES: no privilege.</exception>
    public static unsafe string? TryRead(string name)
    {
        const int longestBytes = 4096;
        int descriptor;
        fixed (byte* path = DirectoryHandle.Terminated(Root + Validated(name)))
        {
            descriptor = open(path, O_RDONLY | O_CLOEXEC, default);
        }

        if (descriptor < 0)
        {
            var errno = Libc.LastErrno;
            return errno == Errno.ENOENT ? null : throw new LinuxException("open", Root + name, errno);
        }

        using var owned = new SafeFileHandle(descriptor, ownsHandle: true);
        var buffer = stackalloc byte[longestBytes];
        var length = (int)read(descriptor, buffer, longestBytes);
        if (length >= 0)
        {
            return Encoding.UTF8.GetString(buffer, length).TrimEnd('\n');
        }

        var failure = Libc.LastErrno;
        return failure == Errno.ENOENT ? null : throw new LinuxException("read", Root + name, failure);
    }

    /// <summary>Writes a setting.</summary>
    /// <returns>False if the kernel has no such setting (IPv6 is off, the interface is gone).</returns>
    /// <exception cref="LinuxException">EACCES, EROFS: /proc/sys is read-only, or no privilege. EINVAL: not a value for it.</exception>
    public static unsafe bool TryWrite(string name, string value)
    {
        int descriptor;
        fixed (byte* path = DirectoryHandle.Terminated(Root + Validated(name)))
        {
            // Not the framework's way of opening a file, which takes a lock on it and asks what it is.
            descriptor = open(path, O_WRONLY | O_CLOEXEC, default);
        }

        if (descriptor < 0)
        {
            var errno = Libc.LastErrno;
            return errno == Errno.ENOENT ? false : throw new LinuxException("open", Root + name, errno);
        }

        using var owned = new SafeFileHandle(descriptor, ownsHandle: true);
        var content = Encoding.ASCII.GetBytes(value);
        fixed (byte* bytes = content)
        {
            if ((long)write(descriptor, bytes, content.Length) >= 0)
            {
                return true;
            }
        }

        var failure = Libc.LastErrno;
        return failure == Errno.ENOENT ? false : throw new LinuxException("write", Root + name, failure);
    }

    /// <summary>Makes a setting have a value, and writes nothing if it has: it may be read-only then.</summary>
    /// <returns>False if the kernel has no such setting.</returns>
    /// <exception cref="LinuxException">As for <see cref="TryWrite"/>.</exception>
    public static bool TryEnsure(string name, string value) =>
        TryRead(name) is { } present && (present == value || TryWrite(name, value));

    /// <summary>Two dots may be part of an interface's name, and lead elsewhere only where they are all that stands between slashes.</summary>
    private static string Validated(string name) =>
        name.StartsWith('/') || name.Split('/').Contains("..")
            ? throw new ArgumentException($"'{name}' is not the name of a setting", nameof(name))
            : name;
}
