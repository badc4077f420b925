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
    /// <returns>The value without its newline; null if the kernel has no such setting.</returns>
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
        return length < 0
            ? throw new LinuxException("read", Root + name, Libc.LastErrno)
            : Encoding.UTF8.GetString(buffer, length).TrimEnd('\n');
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
            return (long)write(descriptor, bytes, content.Length) < 0
                ? throw new LinuxException("write", Root + name, Libc.LastErrno)
                : true;
        }
    }

    private static string Validated(string name) =>
        name.StartsWith('/') || Array.IndexOf(name.Split('/'), "..") >= 0
            ? throw new ArgumentException($"'{name}' is not the name of a setting", nameof(name))
            : name;
}
