using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Files;

/// <summary>
/// An open directory; names are looked up in it and nowhere else, so that no text from outside can lead out of it.
/// </summary>
/// <remarks>Owned by whoever opened it. A name with a slash, "." or ".." throws <see cref="ArgumentException"/>.</remarks>
public sealed class DirectoryHandle : IDisposable
{
    private const int PrivateDirectoryMode = 0b111_000_000;
    private readonly SafeFileHandle handle;

    private DirectoryHandle(SafeFileHandle handle, string path)
    {
        this.handle = handle;
        Path = path;
    }

    /// <summary>Gets the path by which it was opened, for error texts.</summary>
    public string Path { get; }

    internal int Descriptor => (int)handle.DangerousGetHandle();

    /// <summary>Opens a directory, made with its parents (mode 0700) where missing.</summary>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="LinuxException">ENOTDIR, EACCES, EROFS, ENOSPC, EMFILE.</exception>
    public static DirectoryHandle OpenOrCreate(string path)
    {
        if (TryOpenAt(AT_FDCWD, path, path) is { } opened)
        {
            return opened;
        }

        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            MakeAt(AT_FDCWD, path[..slash], path);
        }

        MakeAt(AT_FDCWD, path, path);
        return TryOpenAt(AT_FDCWD, path, path) ?? throw new LinuxException("open", path, Errno.ENOENT);
    }

    /// <summary>Opens a directory, or says null if it is not there.</summary>
    /// <exception cref="LinuxException">ENOTDIR, EACCES, EMFILE.</exception>
    public static DirectoryHandle? TryOpen(string path) => TryOpenAt(AT_FDCWD, path, path);

    /// <inheritdoc cref="OpenOrCreate(string)"/>
    public DirectoryHandle OpenOrCreateChild(string name)
    {
        if (TryOpenChild(name) is { } opened)
        {
            return opened;
        }

        MakeAt(Descriptor, Checked(name), Join(name));
        return TryOpenChild(name) ?? throw new LinuxException("open", Join(name), Errno.ENOENT);
    }

    /// <inheritdoc cref="TryOpen(string)"/>
    public DirectoryHandle? TryOpenChild(string name) => TryOpenAt(Descriptor, Checked(name), Join(name));

    /// <summary>Identifies a file: two names of one file have the same identity.</summary>
    /// <returns>Null if there is no such file.</returns>
    public unsafe FileIdentity? Identify(string name)
    {
        Tmds.Linux.stat result;
        fixed (byte* bytes = Terminated(Checked(name)))
        {
            if (fstatat(Descriptor, bytes, &result, AT_SYMLINK_NOFOLLOW) == 0)
            {
                return new FileIdentity((ulong)result.st_dev, (ulong)result.st_ino);
            }
        }

        var errno = Libc.LastErrno;
        return errno == Errno.ENOENT ? null : throw new LinuxException("stat", Join(name), errno);
    }

    /// <summary>Keeps other processes away until this handle is disposed or its owner dies; those who do not ask for the lock are not kept.</summary>
    /// <param name="shared">Whether only those are kept away who want it for themselves alone.</param>
    /// <exception cref="LinuxException">EAGAIN: another process has held it for ten seconds, which the text names.</exception>
    public void Lock(bool shared = false) => DirectoryLock.Acquire(Descriptor, Path, shared);

    /// <summary>Tells whether the directory is still the one of that name in its parent.</summary>
    public unsafe bool IsStill(DirectoryHandle parent, string name)
    {
        Tmds.Linux.stat status;
        return fstat(Descriptor, &status) == 0
            && parent.Identify(name) is { } identity
            && identity == new FileIdentity((ulong)status.st_dev, (ulong)status.st_ino);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="name">A file of this directory, and no link.</param>
    /// <param name="limitBytes">What lies behind is not read.</param>
    /// <returns>Null if there is no such file.</returns>
    /// <exception cref="LinuxException">EACCES, EISDIR, ELOOP: it is a link.</exception>
    public byte[]? TryRead(string name, int limitBytes) => TryReadAt(Descriptor, Checked(name), Join(name), limitBytes, O_NOFOLLOW);

    /// <summary>Reads a whole file by its path, links followed.</summary>
    /// <inheritdoc cref="TryRead"/>
    public static byte[]? TryReadFile(string path, int limitBytes) =>
        path.Contains('\0', StringComparison.Ordinal) ? null : TryReadAt(AT_FDCWD, path, path, limitBytes, flags: 0);

    /// <returns>False if it was gone already.</returns>
    /// <exception cref="LinuxException">EROFS, EACCES, EISDIR.</exception>
    public bool TryDelete(string name) => TryRemove(name, flags: 0);

    /// <returns>False if it was gone already, or if something was put into it meanwhile.</returns>
    public bool TryDeleteEmptyChild(string name) => TryRemove(name, AT_REMOVEDIR);

    /// <summary>Lists the names in the directory, in no order, without "." and "..".</summary>
    public unsafe IReadOnlyList<string> List()
    {
        // A descriptor of its own: the position in the directory belongs to the open file.
        int descriptor;
        fixed (byte* dot = "."u8)
        {
            descriptor = openat(Descriptor, dot, O_RDONLY | O_DIRECTORY | O_CLOEXEC, default);
        }

        if (descriptor < 0)
        {
            throw new LinuxException("open", Path, Libc.LastErrno);
        }

        using var owned = new SafeFileHandle(descriptor, ownsHandle: true);
        var names = new List<string>();
        var buffer = new byte[32 * 1024];
        while (true)
        {
            nint length;
            fixed (byte* bytes = buffer)
            {
                length = Libc.getdents64(descriptor, bytes, (nuint)buffer.Length);
            }

            if (length < 0)
            {
                throw new LinuxException("getdents64", Path, Libc.LastErrno);
            }

            if (length == 0)
            {
                return names;
            }

            ReadEntries(buffer.AsSpan(0, (int)length), names);
        }
    }

    public void Dispose() => handle.Dispose();

    internal string Join(string name) => $"{Path}/{name}";

    internal static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');

    internal static string Checked(string name) =>
        name is "" or "." or ".." || name.AsSpan().IndexOfAny('/', '\0') >= 0
            ? throw new ArgumentException($"'{name}' is not the name of a file", nameof(name))
            : name;

    /// <summary>Reads <c>struct linux_dirent64</c>: u64 inode, s64 offset, u16 length, u8 type, name with NUL.</summary>
    private static void ReadEntries(ReadOnlySpan<byte> entries, List<string> names)
    {
        const int LengthAt = 16;
        const int NameAt = 19;
        while (entries.Length > NameAt)
        {
            var length = MemoryMarshal.Read<ushort>(entries[LengthAt..]);
            if (length <= NameAt || length > entries.Length)
            {
                return;
            }

            var name = entries[NameAt..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(Encoding.UTF8.GetString(name));
            }

            entries = entries[length..];
        }
    }

    private static unsafe DirectoryHandle? TryOpenAt(int directory, string name, string path)
    {
        int descriptor;
        fixed (byte* bytes = Terminated(name))
        {
            descriptor = openat(directory, bytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC, default);
        }

        if (descriptor >= 0)
        {
            return new DirectoryHandle(new SafeFileHandle(descriptor, ownsHandle: true), path);
        }

        var errno = Libc.LastErrno;
        return errno == Errno.ENOENT ? null : throw new LinuxException("open", path, errno);
    }

    private static unsafe byte[]? TryReadAt(int directory, string name, string path, int limitBytes, int flags)
    {
        int descriptor;
        fixed (byte* bytes = Terminated(name))
        {
            descriptor = openat(directory, bytes, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags, default);
        }

        if (descriptor < 0)
        {
            var errno = Libc.LastErrno;
            return errno == Errno.ENOENT ? null : throw new LinuxException("open", path, errno);
        }

        // Not by the framework, whose errors are no numbers and whose words the binaries do not have.
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        var content = new byte[limitBytes];
        for (var length = 0; ;)
        {
            nint count;
            fixed (byte* bytes = content)
            {
                count = (nint)read(descriptor, bytes + length, limitBytes - length);
            }

            if (count < 0 && Libc.LastErrno != Errno.EINTR)
            {
                throw new LinuxException("read", path, Libc.LastErrno);
            }

            length += (int)Math.Max(count, 0);
            if (count == 0 || length == limitBytes)
            {
                return content[..length];
            }
        }
    }

    private static unsafe void MakeAt(int directory, string name, string path)
    {
        fixed (byte* bytes = Terminated(name))
        {
            if (mkdirat(directory, bytes, (ushort)PrivateDirectoryMode) < 0 && Libc.LastErrno != Errno.EEXIST)
            {
                throw new LinuxException("mkdir", path, Libc.LastErrno);
            }
        }
    }

    private unsafe bool TryRemove(string name, int flags)
    {
        fixed (byte* bytes = Terminated(Checked(name)))
        {
            if (unlinkat(Descriptor, bytes, flags) == 0)
            {
                return true;
            }
        }

        return Libc.LastErrno switch
        {
            Errno.ENOENT => false,
            Errno.ENOTEMPTY when flags == AT_REMOVEDIR => false,
            var errno => throw new LinuxException("unlink", Join(name), errno),
        };
    }
}

/// <summary>What tells two files apart, whatever they are called.</summary>
public readonly record struct FileIdentity(ulong Device, ulong Inode);
