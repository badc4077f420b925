using System.Net.Sockets;
using System.Text;
using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Uapi;

namespace CniTun.Ctl.Tests;

public sealed class StatusCommandTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter errors = new();

    private string SocketPath => Path.Combine(root, "tun.sock");

    private string DataDir => Path.Combine(root, "leases");

    public void Dispose()
    {
        output.Dispose();
        errors.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task Without_a_tunnel_leases_are_shown_all_the_same_and_the_exit_code_is_1()
    {
        Directory.CreateDirectory(DataDir);
        await File.WriteAllTextAsync(Path.Combine(DataDir, "README"), "not a network");
        using (var store = LeaseStore.Open(DataDir, "cnitun"))
        {
            var attachment = new Attachment("pod1", "eth0");
            store.Begin(attachment);
            Assert.NotNull(store.Allocate(attachment, "/run/netns/pod1", OneSubnet("10.77.1.0/24")));
        }

        Assert.Equal(1, await Run());

        Assert.Equal($"cnitunctl: no tunnel answers on {SocketPath}: is cnitun-tunnel running?\n", errors.ToString());
        Assert.Equal(
            "Addresses of pods: 1 lease\nNETWORK  ADDRESS       CONTAINER  INTERFACE\ncnitun   10.77.1.2/24  pod1       eth0\n",
            output.ToString());
    }

    [Fact]
    public async Task A_tunnel_that_answers_is_shown_and_no_leases_are_no_problem()
    {
        var answered = AnswerOnce();

        Assert.Equal(0, await Run());

        await answered;
        Assert.Empty(errors.ToString());
        Assert.Equal("Tunnel on UDP port 6080: 0 peers\n\nNo packets dropped\n\nAddresses of pods: 0 leases\n", output.ToString());
    }

    private static RangeSet OneSubnet(string subnet) => RangeSet.Create([AddressRange.Create(Cidr.Parse(subnet))]);

    /// <summary>Listens before it returns, and answers one request.</summary>
    private async Task AnswerOnce()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        using var client = await listener.AcceptAsync();
        await client.ReceiveAsync(new byte[64].AsMemory());
        await client.SendAsync(Encoding.ASCII.GetBytes(GetAnswer.Format(new DeviceState { ListenPort = 6080 })).AsMemory());
    }

    private Task<int> Run() => CommandTree.RunAsync(["status", "--socket", SocketPath, $"--data-dir={DataDir}"], output, errors);
}
