using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using CniTun.Linux;
using CniTun.Tunnel.Control;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Tunnel.Tests.Processes;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Control;

public sealed class UapiServerTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-uapi").FullName;
    private readonly RecordingLog log = new();
    private readonly List<DeviceUpdate> updates = [];

    private string SocketPath => Path.Combine(directory, "sub", "tun.sock");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Clients_are_answered_one_after_the_other_and_several_requests_on_one_connection()
    {
        using var server = Start();
        var client = Client();
        await client.SetAsync(new DeviceUpdate { ListenPort = 7 });
        Assert.Equal(6080, (await client.GetAsync()).ListenPort);
        Assert.Equal((ushort)7, Assert.Single(updates).ListenPort!.Value);

        using var connection = Connect();
        connection.Send("get=1\n\nset=1\nlisten_port=8\n\nget=1\n\n"u8);
        Assert.Equal("listen_port=6080\nfwmark=0\nerrno=0\n\nerrno=0\n\nlisten_port=6080\nfwmark=0\nerrno=0\n\n", ReadToEnd(connection));
    }

    [Fact]
    public async Task A_request_that_is_none_or_is_refused_is_answered_with_its_errno()
    {
        using var server = Start(update => Errno.EADDRINUSE);
        Assert.Equal(Errno.EADDRINUSE, (await Assert.ThrowsAsync<UapiException>(() => Client().SetAsync(new DeviceUpdate()))).Errno);
        using var connection = Connect();
        connection.Send("what=1\n\n"u8);
        Assert.Equal("errno=71\n\n", ReadToEnd(connection));
    }

    [Fact]
    public async Task Clients_that_come_and_go_without_a_word_as_wg_does_are_no_event()
    {
        using var server = Start();
        for (var i = 0; i < 20; i++)
        {
            Connect().Dispose();
        }

        await Client().GetAsync();
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void A_client_that_dawdles_is_hung_up_on_and_the_next_is_served()
    {
        using var busy = new ManualResetEventSlim();
        using var server = Start(Busy(busy), Short);
        using var first = Connect();
        first.Send("set=1\n\n"u8);
        first.Shutdown(SocketShutdown.Send);
        using var slow = Connect();
        slow.Send("get="u8);
        using var next = Connect();
        next.Send(UapiProtocol.GetRequest);
        busy.Set();
        Assert.EndsWith("errno=0\n\n", ReadToEnd(next), StringComparison.Ordinal);
        Assert.Equal(["the client took too long over its request"], log.Lines);
        Assert.Equal(0, slow.Receive(new byte[1]));
    }

    [Fact]
    public async Task A_client_that_sends_without_end_is_hung_up_on_at_the_size_limit()
    {
        using var server = Start();
        using (var endless = Connect())
        {
            var junk = new byte[1 << 16];
            junk.AsSpan().Fill((byte)'a');
            Assert.ThrowsAny<SocketException>(() =>
            {
                for (var sent = 0; sent <= 2 * UapiProtocol.MaxMessageBytes; sent += junk.Length)
                {
                    endless.Send(junk);
                }
            });
        }

        await Client().GetAsync();
        Assert.Contains("size limit", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_does_not_read_its_answer_is_hung_up_on()
    {
        var peers = Enumerable.Range(0, 8000).Select(i => new PeerState { PublicKey = Sample.Key(i) }).ToList();
        using var busy = new ManualResetEventSlim();
        using var server = new UapiServer(SocketPath, () => new DeviceState { Peers = peers }, Busy(busy), log, Short);
        using var first = Connect();
        first.Send("set=1\n\n"u8);
        first.Shutdown(SocketShutdown.Send);
        using var deaf = Connect();
        deaf.Send(UapiProtocol.GetRequest);
        using var next = Connect();
        next.Send("set=1\n\n"u8);
        busy.Set();
        Assert.Equal("errno=0\n\n", ReadToEnd(next));
        Assert.Single(log.Lines);
    }

    [Fact]
    public void Only_the_owner_may_open_the_socket_and_it_is_gone_afterwards()
    {
        using (Start())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(SocketPath)!));
            Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(SocketPath)!));
        }

        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(SocketPath)!));
    }

    [Fact]
    public async Task A_socket_that_a_killed_tunnel_left_behind_is_replaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath + ".old"));
            File.Move(SocketPath + ".old", SocketPath);
        }

        Assert.True(File.Exists(SocketPath));
        using var server = Start();
        Assert.Equal(6080, (await Client().GetAsync()).ListenPort);
    }

    [Fact]
    public async Task A_socket_on_which_another_tunnel_answers_is_left_alone()
    {
        using var first = Start();
        OpenDescriptors.AssertNoneLeaked(() => Assert.Equal(Errno.EADDRINUSE, Assert.Throws<LinuxException>(() => Start()).Errno));
        await Client().GetAsync();
    }

    [Fact]
    public void A_socket_with_no_room_for_one_more_client_is_left_alone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(SocketPath));
        hung.Listen(backlog: 1);
        var waiting = new List<Socket>();
        try
        {
            for (var error = SocketError.Success; error == SocketError.Success;)
            {
                waiting.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false });
                error = TryConnect(waiting[^1]);
            }

            Assert.Equal(Errno.EADDRINUSE, Assert.Throws<LinuxException>(() => Start()).Errno);
            Assert.True(File.Exists(SocketPath));
        }
        finally
        {
            waiting.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        File.WriteAllText(SocketPath, "precious");
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => Start()).Errno);
        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    private SocketError TryConnect(Socket socket)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private UapiServer Start(Func<DeviceUpdate, int>? set = null, TimeSpan? patience = null) => new(
        SocketPath,
        () => new DeviceState { ListenPort = 6080 },
        set ?? (update =>
        {
            updates.Add(update);
            return 0;
        }),
        log,
        patience ?? Long);

    private UapiClient Client() => new(SocketPath) { Timeout = Long };

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = Wait.Milliseconds };
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    /// <summary>Keeps the server busy with the first change until others have sent what they want to: their requests then wait for it.</summary>
    private static Func<DeviceUpdate, int> Busy(ManualResetEventSlim released) => _ =>
    {
        released.Wait(Wait.Milliseconds);
        return 0;
    };

    private static string ReadToEnd(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (socket.Receive(buffer) is > 0 and var received)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, received));
        }

        return text.ToString();
    }

    private sealed class RecordingLog : ITunnelLog
    {
        public List<string> Lines { get; } = [];

        public void Listening(ushort port, bool isDualStack) => throw new UnreachableException();

        public void BuffersRefused(int receiveBytes, int sendBytes) => throw new UnreachableException();

        public void Configured(int peers, int allowedIps) => throw new UnreachableException();

        public void Refused(int errno) => throw new UnreachableException();

        public void InterfaceLost(int errno) => throw new UnreachableException();

        public void OffloadRefused(string name, string reason) => throw new UnreachableException();

        public void AcceptFailed(int errno) => throw new UnreachableException();

        public void ClientFailed(string reason) => Lines.Add(reason);
    }
}
