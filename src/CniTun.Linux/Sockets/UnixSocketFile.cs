using System.Text;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>What lies at a path where a unix socket is to be.</summary>
public static class UnixSocketFile
{
    /// <summary>Tells whether the path is a socket, whether or not anybody listens on it.</summary>
    /// <returns>Null if there is nothing; false if it is something else.</returns>
    /// <exception cref="LinuxException">EACCES, ENOTDIR.</exception>
    public static unsafe bool? Exists(string path)
    {
        stat result;
        fixed (byte* bytes = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (lstat(bytes, &result) == 0)
            {
                return (result.st_mode & S_IFMT) == S_IFSOCK;
            }
        }

        var errno = Libc.LastErrno;
        return errno == Errno.ENOENT ? null : throw new LinuxException("lstat", path, errno);
    }
}
