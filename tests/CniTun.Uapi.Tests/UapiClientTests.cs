using System.Net.Sockets;
using System.Text;

namespace CniTun.Uapi.Tests;

public sealed class UapiClientTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-uapi").FullName;

    private string SocketPath => Path.Combine(directory, "tun.sock");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Get_returns_the_state_that_the_tunnel_answers_in_pieces()
    {
        var answer = GetAnswer.Format(Samples.State);
        var requests = Serve(answer[..100], answer[100..]);

        var state = await Client().GetAsync();

        Assert.Equal("get=1\n\n", await requests);
        Assert.Equal(6080, state.ListenPort);
        Assert.Equal(2, state.Peers.Count);
    }

    [Fact]
    public async Task Set_sends_the_whole_update_and_throws_the_errno_of_a_refusal()
    {
        var requests = Serve("errno=98\n\n");

        var refusal = await Assert.ThrowsAsync<UapiException>(() => Client().SetAsync(Samples.Update));

        Assert.Equal(98, refusal.Errno);
        Assert.Equal(SetRequest.Format(Samples.Update), await requests);
    }

    [Fact]
    public async Task A_tunnel_that_is_not_there_is_ENOENT_and_one_that_died_is_ECONNREFUSED()
    {
        var client = Client();
        Assert.Equal(UapiProtocol.ENOENT, (await Assert.ThrowsAsync<UapiException>(() => client.GetAsync())).Errno);

        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath));
            Assert.Equal(111, (await Assert.ThrowsAsync<UapiException>(() => client.GetAsync())).Errno);
        }
    }

    [Fact]
    public async Task A_tunnel_that_hangs_up_in_the_middle_of_its_answer_is_EPROTO()
    {
        var requests = Serve("listen_port=1\n");
        Assert.Equal(UapiProtocol.EPROTO, (await Assert.ThrowsAsync<UapiException>(() => Client().GetAsync())).Errno);
        await requests;
    }

    [Fact]
    public async Task A_tunnel_that_does_not_answer_is_ETIMEDOUT()
    {
        using var silent = Listen();
        var client = new UapiClient(SocketPath) { Timeout = TimeSpan.FromMilliseconds(50) };
        Assert.Equal(UapiProtocol.ETIMEDOUT, (await Assert.ThrowsAsync<UapiException>(() => client.GetAsync())).Errno);
    }

    [Fact]
    public async Task A_caller_that_gives_up_sees_its_own_cancellation()
    {
        using var silent = Listen();
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().GetAsync(giveUp.Token));
    }

    private UapiClient Client() => new(SocketPath) { Timeout = TimeSpan.FromMinutes(1) };

    private Socket Listen()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        return listener;
    }

    /// <summary>Answers one connection and returns what it asked.</summary>
    private Task<string> Serve(params string[] pieces)
    {
        var listener = Listen();
        return Task.Run(async () =>
        {
            using var ownedListener = listener;
            using var client = await listener.AcceptAsync();
            var request = new StringBuilder();
            var buffer = new byte[4096];
            while (!request.ToString().EndsWith("\n\n", StringComparison.Ordinal))
            {
                var received = await client.ReceiveAsync(buffer);
                request.Append(Encoding.ASCII.GetString(buffer, 0, received));
            }

            foreach (var piece in pieces)
            {
                await client.SendAsync(Encoding.ASCII.GetBytes(piece));
                await Task.Delay(20);
            }

            return request.ToString();
        });
    }
}
