using System.Net.Sockets;
using CniTun.Linux;
using CniTun.Linux.Sockets;

namespace CniTun.Tunnel.Control;

/// <summary>The listening unix socket at its path: there with mode 0600 while this object lives, gone afterwards.</summary>
internal sealed class UapiListener : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string path;
    private readonly Socket socket;

    /// <param name="path">
    /// At most 107 bytes. Its directory is created, mode 0700. A socket there on which nobody answers is what a killed tunnel
    /// left behind, and is replaced.
    /// </param>
    /// <exception cref="LinuxException">EADDRINUSE: another tunnel answers there. EEXIST: it is no socket.</exception>
    /// <exception cref="IOException">The directory or the socket cannot be made.</exception>
    public UapiListener(string path)
    {
        this.path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!, OwnerOnly | UnixFileMode.UserExecute);
        RequireFree(path);

        // Made ready under another name and moved into place, so that whoever finds it is answered.
        var unready = $"{path}.{Environment.ProcessId}";
        socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(unready);
            socket.Bind(new UnixDomainSocketEndPoint(unready));
            File.SetUnixFileMode(unready, OwnerOnly);
            socket.Listen(backlog: 128);
            File.Move(unready, path, overwrite: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new LinuxException("bind", unready, e.NativeErrorCode);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the next client.</summary>
    /// <exception cref="SocketException">EMFILE, ENFILE, ENOMEM; or <see cref="Dispose"/> was called meanwhile.</exception>
    /// <exception cref="ObjectDisposedException"><see cref="Dispose"/> was called before.</exception>
    public Socket Accept() => socket.Accept();

    public void Dispose()
    {
        File.Delete(path);
        socket.Dispose();
    }

    private static void RequireFree(string path)
    {
        if (UnixSocketFile.Exists(path) is not { } isSocket)
        {
            return;
        }

        if (!isSocket)
        {
            throw new LinuxException("bind", path, Errno.EEXIST, "there is a file that is no socket");
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return;
        }
        catch (SocketException)
        {
            // EAGAIN: so many wait to be answered that there is no room for one more. Somebody is there.
        }

        throw new LinuxException("bind", path, Errno.EADDRINUSE, "another tunnel answers there");
    }
}
