using System.Net.Sockets;
using System.Text;

namespace CniTun.Uapi;

/// <summary>Asks and configures a tunnel over its unix socket. One connection a request; safe to use from several threads.</summary>
/// <param name="socketPath">At most 107 bytes; usually /var/run/wireguard/INTERFACE.sock.</param>
public sealed class UapiClient(string socketPath)
{
    /// <summary>Gets how long one request may take from connecting to the end of its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Asks for the tunnel's state and counters.</summary>
    /// <exception cref="UapiException">See <see cref="UapiException.Errno"/>.</exception>
    public async Task<DeviceState> GetAsync(CancellationToken cancellationToken = default)
    {
        var (errno, device) = await RequestAsync("get", UapiProtocol.GetRequest.ToArray(), cancellationToken);
        return errno == 0 ? device : throw new UapiException("get", socketPath, errno);
    }

    /// <summary>Changes the tunnel: wholly, or not at all.</summary>
    /// <exception cref="UapiException">EOPNOTSUPP: what plain mode cannot do. EADDRINUSE: the port is taken. And see <see cref="UapiException.Errno"/>.</exception>
    public async Task SetAsync(DeviceUpdate update, CancellationToken cancellationToken = default)
    {
        var (errno, _) = await RequestAsync("set", Encoding.ASCII.GetBytes(SetRequest.Format(update)), cancellationToken);
        if (errno != 0)
        {
            throw new UapiException("set", socketPath, errno);
        }
    }

    private async Task<(int Errno, DeviceState Device)> RequestAsync(string name, byte[] request, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), deadline.Token);
            for (var sent = 0; sent < request.Length;)
            {
                sent += await socket.SendAsync(request.AsMemory(sent), deadline.Token);
            }

            var answer = await ReceiveAsync(socket, deadline.Token);
            return (GetAnswer.TryParse(answer.Span, out var device), device);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UapiException(name, socketPath, UapiProtocol.ETIMEDOUT, e);
        }
        catch (SocketException e)
        {
            // The framework has no name of its own for ENOENT.
            throw new UapiException(name, socketPath, File.Exists(socketPath) ? e.NativeErrorCode : UapiProtocol.ENOENT, e);
        }
    }

    /// <summary>Receives up to the empty line, the end of the stream or the size limit; the parser judges what came.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 << 10];
        var length = 0;
        while (!buffer.AsSpan(0, length).EndsWith(UapiProtocol.Terminator) && length < UapiProtocol.MaxMessageBytes)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * buffer.Length);
            }

            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (received == 0)
            {
                break;
            }

            length += received;
        }

        return buffer.AsMemory(0, length);
    }
}
