using System.Globalization;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Files;

/// <summary>
/// A complete file that has no name yet. It appears under a name all at once, or, if its owner dies first, never existed.
/// </summary>
public sealed class UnnamedFile : IDisposable
{
    private const int PrivateFileMode = 0b110_000_000;
    private readonly SafeFileHandle handle;

    private UnnamedFile(SafeFileHandle handle) => this.handle = handle;

    /// <summary>Makes a file with this content on the directory's file system.</summary>
    /// <exception cref="LinuxException">
    /// EOPNOTSUPP: the file system has no unnamed files (tmpfs, ext4, xfs and btrfs have). ENOSPC, EROFS, EACCES, EMFILE.
    /// </exception>
    public static unsafe UnnamedFile Create(DirectoryHandle directory, ReadOnlySpan<byte> content)
    {
        int descriptor;
        fixed (byte* dot = "."u8)
        {
            descriptor = openat(directory.Descriptor, dot, Libc.O_TMPFILE | O_RDWR | O_CLOEXEC, (ushort)PrivateFileMode);
        }

        if (descriptor < 0)
        {
            throw new LinuxException("create file in", directory.Path, Libc.LastErrno);
        }

        var owned = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            WriteAll(descriptor, content, directory.Path);
            return new UnnamedFile(owned);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    /// <summary>Gives the file a name, once more if it has one.</summary>
    /// <returns>False if the name is taken.</returns>
    /// <exception cref="LinuxException">ENOENT: the directory was deleted. ENOSPC, EXDEV (another file system).</exception>
    public unsafe bool TryLink(DirectoryHandle directory, string name)
    {
        var self = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");
        fixed (byte* from = DirectoryHandle.Terminated(self))
        fixed (byte* to = DirectoryHandle.Terminated(DirectoryHandle.Checked(name)))
        {
            if (linkat(AT_FDCWD, from, directory.Descriptor, to, AT_SYMLINK_FOLLOW) == 0)
            {
                return true;
            }
        }

        var errno = Libc.LastErrno;
        return errno == Errno.EEXIST ? false : throw new LinuxException("link", directory.Join(name), errno);
    }

    public void Dispose() => handle.Dispose();

    private static unsafe void WriteAll(int descriptor, ReadOnlySpan<byte> content, string subject)
    {
        fixed (byte* bytes = content)
        {
            for (var written = 0; written < content.Length;)
            {
                var count = (long)write(descriptor, bytes + written, content.Length - written);
                if (count < 0 && Libc.LastErrno != Errno.EINTR)
                {
                    throw new LinuxException("write", subject, Libc.LastErrno);
                }

                written += (int)Math.Max(count, 0);
            }
        }
    }
}
