using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace CniTun.Agent.Tests.Processes;

/// <summary>A pod: a namespace that the plugin connected to a node. Owned by the test; its lease goes with the node's directory.</summary>
internal sealed class TestPod : IDisposable
{
    private readonly TestNamespace space;
    private readonly string[] addresses;

    /// <summary>Adds the pod.</summary>
    /// <param name="node">Where the plugin runs.</param>
    /// <param name="name">The container's.</param>
    /// <param name="list">A network configuration list, of which the first plugin is asked, as a runtime does.</param>
    public TestPod(TestNamespace node, string name, JsonNode list)
    {
        space = new TestNamespace(name);
        var plugin = list["plugins"]![0]!.DeepClone();
        plugin["name"] = list["name"]!.DeepClone();
        plugin["cniVersion"] = list["cniVersion"]!.DeepClone();
        var answer = Command.Try(
            "ip",
            ["netns", "exec", node.Name, .. NodeProcess.CommandLine("cnitun")],
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["CNI_COMMAND"] = "ADD",
                ["CNI_CONTAINERID"] = name,
                ["CNI_NETNS"] = space.Path,
                ["CNI_IFNAME"] = "eth0",
                ["CNI_PATH"] = "/opt/cni/bin",
            },
            plugin.ToJsonString());
        Assert.True(answer.ExitCode == 0, answer.Output + answer.Error);
        addresses = [.. JsonNode.Parse(answer.Output)!["ips"]!.AsArray().Select(ip => ((string)ip!["address"]!).Split('/')[0])];
    }

    public int MtuBytes => int.Parse(space.Run("cat", "/sys/class/net/eth0/mtu"), null);

    /// <summary>Sends bytes over TCP to a socket that sends them back.</summary>
    public static void Exchange(TestNamespace from, string fromAddress, TestNamespace to, string toAddress, int bytes)
    {
        var remote = new IPEndPoint(IPAddress.Parse(toAddress), 7777);
        using var listener = to.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(remote);
        listener.Listen();
        var echo = Task.Run(() =>
        {
            using var accepted = listener.Accept();
            using var stream = new NetworkStream(accepted);
            stream.CopyTo(stream);
        });
        using (var client = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)))
        {
            client.SendTimeout = client.ReceiveTimeout = (int)Eventually.Limit.TotalMilliseconds;
            client.Bind(new IPEndPoint(IPAddress.Parse(fromAddress), 0));
            client.Connect(remote);
            var sent = new byte[bytes];
            new Random(1).NextBytes(sent);
            client.Send(sent);
            using var stream = new NetworkStream(client);
            var received = new byte[bytes];
            stream.ReadExactly(received);
            Assert.Equal(sent, received);
        }

        Assert.True(echo.Wait(Eventually.Limit));
    }

    public void Exchange(TestPod other, int bytes) => Exchange(space, addresses[0], other.space, other.addresses[0], bytes);

    /// <summary>Sends one IPv4 packet of so many bytes that may not be fragmented; returns what ping says.</summary>
    public Answer Ping(TestPod other, int bytes) => space.Try("ping", "-c", "1", "-W", "2", "-M", "do", "-s", $"{bytes - 28}", other.addresses[0]);

    /// <summary>As <see cref="Ping"/>, with IPv6.</summary>
    public Answer Ping6(TestPod other, int bytes) => space.Try("ping", "-c", "1", "-W", "2", "-M", "do", "-s", $"{bytes - 48}", other.addresses[1]);

    public void Dispose() => space.Dispose();
}
