using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Files;

/// <summary>
/// Keeps a second process away: an exclusive lock on a file, let go when it is disposed or its owner dies, however it dies.
/// </summary>
/// <remarks>The file stays, with the last owner's process id in it; that it is there says nothing.</remarks>
public sealed class FileLock : IDisposable
{
    private const int PrivateFileMode = 0b110_000_000;
    private readonly SafeFileHandle handle;

    private FileLock(SafeFileHandle handle) => this.handle = handle;

    /// <summary>Takes the lock without waiting.</summary>
    /// <param name="path">A file in an existing directory; made if missing, mode 0600.</param>
    /// <exception cref="LinuxException">EAGAIN: another process has it, which the text names. EACCES, ENOENT, EROFS.</exception>
    public static unsafe FileLock Acquire(string path)
    {
        int descriptor;
        fixed (byte* bytes = DirectoryHandle.Terminated(path))
        {
            // Not the framework's way of opening a file, which takes a lock of its own on it.
            descriptor = open(bytes, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, (ushort)PrivateFileMode);
        }

        if (descriptor < 0)
        {
            throw new LinuxException("open", path, Libc.LastErrno);
        }

        var owned = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            if (Libc.flock(descriptor, Libc.LOCK_EX | Libc.LOCK_NB) < 0)
            {
                throw new LinuxException("flock", path, Libc.LastErrno, $"held by process {ReadOwner(owned)}");
            }

            RandomAccess.SetLength(owned, 0);
            RandomAccess.Write(owned, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), fileOffset: 0);
            return new FileLock(owned);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    public void Dispose() => handle.Dispose();

    private static string ReadOwner(SafeFileHandle file)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Encoding.ASCII.GetString(bytes[..RandomAccess.Read(file, bytes, fileOffset: 0)]);
    }
}
