using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using CniTun.Linux;
using CniTun.Uapi;

namespace CniTun.Tunnel.Control;

/// <summary>
/// Serves WireGuard's API on a unix socket, one client after the other on a thread of its own. A client that is slow, asks
/// too much or nothing at all (as <c>wg</c> does to see whether someone is there) is hung up on.
/// </summary>
public sealed class UapiServer : IDisposable
{
    // Text and tables of thousands of peers are many times as large as what stays: given back at once, not kept for the next request.
    private const long GarbageBytes = 1 << 20;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly UapiListener listener;
    private readonly Func<DeviceState> get;
    private readonly Func<DeviceUpdate, int> set;
    private readonly ITunnelLog log;
    private readonly TimeSpan patience;
    private readonly Thread thread;
    private long allocatedBefore;
    private readonly ManualResetEventSlim stopping = new();
    private long acceptFailures;

    /// <param name="path">As of <see cref="UapiListener"/>.</param>
    /// <param name="get">Says what the tunnel is.</param>
    /// <param name="set">Makes a change; returns 0 or the errno to answer.</param>
    /// <param name="log">Told of clients that were hung up on.</param>
    /// <param name="patience">How long a client may take over one request, and over reading its answer.</param>
    /// <exception cref="LinuxException">EADDRINUSE: another tunnel answers there. EEXIST: it is no socket.</exception>
    public UapiServer(string path, Func<DeviceState> get, Func<DeviceUpdate, int> set, ITunnelLog log, TimeSpan patience)
    {
        this.get = get;
        this.set = set;
        this.log = log;
        this.patience = patience;
        listener = new UapiListener(path);
        thread = new Thread(Run) { Name = "uapi", IsBackground = true };
        thread.Start();
    }

    /// <summary>Removes the socket, then waits for the client that is being served, within its patience.</summary>
    public void Dispose()
    {
        stopping.Set();
        listener.Dispose();
        thread.Join();
        stopping.Dispose();
    }

    private void Run()
    {
        var isAccepting = true;
        while (!stopping.IsSet)
        {
            try
            {
                using var client = listener.Accept();
                isAccepting = true;
                Serve(client);
            }
            catch (Exception e) when (stopping.IsSet && e is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Without a free descriptor (EMFILE, ENFILE), say. The clients wait in the backlog, and may yet be served.
                acceptFailures++;
                if (isAccepting)
                {
                    log.AcceptFailed(e.NativeErrorCode);
                }

                isAccepting = false;
                stopping.Wait(AcceptPause);
            }
        }
    }

    private void Serve(Socket client)
    {
        try
        {
            client.SendTimeout = (int)patience.TotalMilliseconds;
            var request = new UapiRequestBuffer();
            while (TryServe(client, request))
            {
                if (GC.GetAllocatedBytesForCurrentThread() - allocatedBefore >= GarbageBytes)
                {
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
                }
            }
        }
        catch (Exception e) when (e is SocketException or TimeoutException or InvalidDataException)
        {
            log.ClientFailed(e.Message);
        }
    }

    /// <summary>Answers one request. By itself, so that nothing of it is held any more when this returns.</summary>
    /// <returns>False if the client hung up.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryServe(Socket client, UapiRequestBuffer request)
    {
        var message = request.TryReceive(client, patience);
        if (!message.IsEmpty)
        {
            client.Send(Encoding.ASCII.GetBytes(Answer(message.Span)));
            request.Consume(message.Length);
        }

        return !message.IsEmpty;
    }

    private string Answer(ReadOnlySpan<byte> message)
    {
        if (message.SequenceEqual(UapiProtocol.GetRequest))
        {
            var state = get();
            return GetAnswer.Format(acceptFailures == 0
                ? state
                : state with { Counters = [.. state.Counters, new Counter("control_accept_failed", acceptFailures)] });
        }

        var errno = SetRequest.TryParse(message, out var update);
        return GetAnswer.FormatErrno(errno == 0 ? set(update!) : errno);
    }
}
