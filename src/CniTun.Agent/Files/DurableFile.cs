using System.Text;
using CniTun.Linux;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Agent.Files;

/// <summary>
/// Files that appear whole or not at all, and are still there after a power cut: written under a name that begins with a dot and ends in
/// ".tmp", which container runtimes pass over, then put in place.
/// </summary>
internal static class DurableFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Puts a file in the place of whatever has the name. A leftover of a writer that died is overwritten.</summary>
    /// <param name="path">In an existing directory, with one writer.</param>
    /// <param name="content">All of it.</param>
    /// <param name="mode">Whatever the umask says.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var temporary = TemporaryName(path, "tmp");
        Write(temporary, content, mode, FileMode.Create);
        File.Move(temporary, path, overwrite: true);
        FlushDirectory(path);
    }

    /// <summary>Makes a file of mode 0600, unless the name is taken.</summary>
    /// <returns>False if it is taken: the file there is left alone.</returns>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content)
    {
        // Any number of writers may be at it, and in containers they may all be process 1.
        var temporary = TemporaryName(path, $"{Guid.NewGuid():N}.tmp");
        try
        {
            Write(temporary, content, Private, FileMode.CreateNew);
            if (!TryLink(temporary, path))
            {
                return false;
            }
        }
        finally
        {
            File.Delete(temporary);
        }

        FlushDirectory(path);
        return true;
    }

    private static string TemporaryName(string path, string ending) =>
        Path.Join(Path.GetDirectoryName(path), $".{Path.GetFileName(path)}.{ending}");

    private static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode, FileMode openMode)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = openMode,
            Access = FileAccess.Write,
            UnixCreateMode = Private,
            BufferSize = 0,
        });
        file.Write(content);
        File.SetUnixFileMode(file.SafeFileHandle, mode);
        file.Flush(flushToDisk: true);
    }

    private static unsafe bool TryLink(string from, string to)
    {
        fixed (byte* source = Encoding.UTF8.GetBytes(from + '\0'))
        fixed (byte* target = Encoding.UTF8.GetBytes(to + '\0'))
        {
            if (link(source, target) == 0)
            {
                return true;
            }
        }

        return errno == EEXIST ? false : throw new LinuxException("link", to, errno);
    }

    /// <summary>Makes the directory's entries as durable as the files.</summary>
    private static unsafe void FlushDirectory(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        int descriptor;
        fixed (byte* bytes = Encoding.UTF8.GetBytes(directory + '\0'))
        {
            descriptor = open(bytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC, default);
        }

        if (descriptor < 0)
        {
            throw new LinuxException("open", directory, errno);
        }

        using var owned = new SafeFileHandle(descriptor, ownsHandle: true);

        // EINVAL: a file system without anything to flush.
        if (fsync(descriptor) < 0 && errno != EINVAL)
        {
            throw new LinuxException("fsync", directory, errno);
        }
    }
}
