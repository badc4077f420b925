using System.Text.Json.Nodes;
using CniTun.Uapi;

namespace CniTun.Agent.Tests.Processes;

/// <summary>
/// A node: a namespace with a cable, a directory of files, and on it, when started, a tunnel and an agent. Node N has the
/// pod networks 10.77.N.0/24 and fd00:77:N::/64, with .5 and ::5 on a bridge as a pod would have them.
/// </summary>
internal sealed class TestNode : IDisposable
{
    private readonly int number;
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
    private NodeProcess? agent;
    private NodeProcess? tunnel;

    public TestNode(int number)
    {
        this.number = number;
        Space = new TestNamespace($"node{number}");
        Space.Ip("link", "add", "pods", "type", "bridge");
        Space.Ip("address", "add", $"10.77.{number}.5/24", "dev", "pods");
        Space.Ip("address", "add", $"fd00:77:{number}::5/64", "dev", "pods", "nodad");
        Space.Ip("link", "set", "pods", "up");
        WriteConfig();
        PublicKey = Command.Run(ShowKey[0], [.. ShowKey.Skip(1)]).TrimEnd();
    }

    public TestNamespace Space { get; }

    public string PublicKey { get; }

    public string ConfigFile => Path.Combine(directory, "agent.json");

    public string PeersFile => Path.Combine(directory, "peers.json");

    public string CniConfigFile => Path.Combine(directory, "net.d", "10-cnitun.conflist");

    public string SocketPath => Path.Combine(directory, "tunnel.sock");

    public NodeProcess Agent => agent ?? throw new InvalidOperationException("no agent was started");

    public NodeProcess Tunnel => tunnel ?? throw new InvalidOperationException("no tunnel was started");

    private string[] ShowKey => [.. NodeProcess.CommandLine("cnitun-agent"), "show-key", "--config", ConfigFile];

    /// <summary>Joins two nodes by a cable, 192.0.2.N and 2001:db8::N.</summary>
    public static void Connect(TestNode left, TestNode right)
    {
        left.Space.Ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", right.Space.Name);
        foreach (var node in new[] { left, right })
        {
            node.Space.Ip("address", "add", $"192.0.2.{node.number}/24", "dev", "cable");
            node.Space.Ip("address", "add", $"2001:db8::{node.number}/64", "dev", "cable", "nodad");
            node.Space.Ip("link", "set", "cable", "up");
        }
    }

    /// <summary>Joins two nodes by a switch that drops silently what is longer than it takes.</summary>
    public static void ConnectThrough(TestNamespace middle, int mtuBytes, TestNode left, TestNode right)
    {
        middle.Ip("link", "add", "switch", "type", "bridge");
        middle.Ip("link", "set", "switch", "up");
        foreach (var node in new[] { left, right })
        {
            node.Space.Ip("link", "add", "cable", "type", "veth", "peer", "name", $"port{node.number}", "netns", middle.Name);
            node.Space.Ip("address", "add", $"192.0.2.{node.number}/24", "dev", "cable");
            node.Space.Ip("link", "set", "cable", "up");
            middle.Ip("link", "set", $"port{node.number}", "master", "switch", "up", "mtu", $"{mtuBytes}");
        }
    }

    /// <summary>Joins two nodes by a cable of their own, on which frames vanish whose packet is longer than it takes.</summary>
    public static void ConnectPair(TestNamespace middle, int mtuBytes, TestNode left, TestNode right)
    {
        var cable = $"to{left.number}{right.number}";
        middle.Ip("link", "add", cable, "up", "type", "bridge");
        foreach (var (node, other) in new[] { (left, right), (right, left) })
        {
            var port = $"{cable}-{node.number}";
            node.Space.Ip("link", "add", cable, "type", "veth", "peer", "name", port, "netns", middle.Name);
            node.Space.Ip("address", "add", $"192.0.2.{node.number}", "peer", $"192.0.2.{other.number}", "dev", cable);
            node.Space.Ip("link", "set", cable, "up");
            middle.Ip("link", "set", port, "master", cable, "up", "mtu", $"{mtuBytes}");
        }
    }

    /// <summary>Waits for a condition; the failure shows the logs.</summary>
    public void WaitUntil(Func<bool> condition) =>
        Eventually.True(condition, () => $"node {number}: agent: {agent?.Log}\ntunnel: {tunnel?.Log}\n{Space.Ip("route")}");

    /// <summary>Tells whether the path to another node is known by probes to carry so much, and its pods' IPv4 route says so.</summary>
    /// <param name="other">The other.</param>
    /// <param name="pathBytes">Outside the tunnel.</param>
    /// <param name="routeMtu">What ends the route's line; empty for the interface's.</param>
    public bool Knows(TestNode other, int pathBytes, string routeMtu = "") =>
        TunnelState().Peers.Any(peer => peer.PublicKey.ToBase64() == other.PublicKey && peer is { PathState: "complete", PathMtuBytes: var bytes } && bytes == pathBytes)
        && Space.Ip("route").Contains($"10.77.{other.number}.0/24 dev tun0 proto 199 scope link metric 1024 {routeMtu}\n", StringComparison.Ordinal);

    /// <summary>Adds a pod as a runtime does: by the plugin, with the configuration that the agent wrote.</summary>
    public TestPod AddPod(string name) => new(Space, name, JsonNode.Parse(File.ReadAllText(CniConfigFile))!);

    public void StartAgent() => agent = new NodeProcess(Space, "cnitun-agent", "--config", ConfigFile);

    public void StartTunnel() => tunnel = new NodeProcess(Space, "cnitun-tunnel", "--interface", "tun0", "--socket", SocketPath, "--listen-port", "6080");

    public void WaitUntilReady() => WaitUntil(() => File.Exists(CniConfigFile));

    /// <summary>Writes the peers file that names these nodes, in one step as people should.</summary>
    public void WritePeers(params TestNode[] nodes)
    {
        var entries = nodes.Select(node => (JsonNode)new JsonObject
        {
            ["name"] = $"node{node.number}",
            ["publicKey"] = node.PublicKey,
            ["endpoints"] = new JsonArray($"192.0.2.{node.number}:6080", $"[2001:db8::{node.number}]:6080"),
            ["podCIDRs"] = new JsonArray($"10.77.{node.number}.0/24", $"fd00:77:{node.number}::/64"),
        });
        File.WriteAllText(PeersFile + ".new", new JsonObject { ["nodes"] = new JsonArray([.. entries]) }.ToJsonString());
        File.Move(PeersFile + ".new", PeersFile, overwrite: true);
    }

    /// <summary>Tells whether another node's pod answers this node's pod, on both families.</summary>
    /// <param name="other">The other node.</param>
    /// <param name="seconds">How long one packet is waited for; a few where it is tried again.</param>
    public bool Reaches(TestNode other, int seconds = 30) =>
        Ping($"10.77.{number}.5", $"10.77.{other.number}.5", seconds) && Ping($"fd00:77:{number}::5", $"fd00:77:{other.number}::5", seconds);

    /// <summary>Sends bytes over TCP from this node's pod to another's, which sends them back.</summary>
    public void Exchange(TestNode other, int bytes) =>
        TestPod.Exchange(Space, $"10.77.{number}.5", other.Space, $"10.77.{other.number}.5", bytes);

    public DeviceState TunnelState() => new UapiClient(SocketPath).GetAsync().GetAwaiter().GetResult();

    /// <summary>Gets all that an agent could disturb: routes, the tunnel interface, content and age of the CNI config.</summary>
    public string Everything() => string.Join(
        '\n',
        Space.Ip("route"),
        Space.Ip("-6", "route"),
        Space.Ip("address", "show", "dev", "tun0"),
        File.GetLastWriteTimeUtc(CniConfigFile).Ticks,
        File.ReadAllText(CniConfigFile));

    public void Dispose()
    {
        agent?.Dispose();
        tunnel?.Dispose();
        Space.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private bool Ping(string from, string to, int seconds) => Space.Try("ping", "-c", "1", "-W", $"{seconds}", "-I", from, to).ExitCode == 0;

    private void WriteConfig() => File.WriteAllText(
        ConfigFile,
        new JsonObject
        {
            ["nodeName"] = $"node{number}",
            ["peersFile"] = PeersFile,
            ["stateDir"] = Path.Combine(directory, "state"),
            ["tunnelInterface"] = "tun0",
            ["tunnelSocket"] = SocketPath,
            ["cniConfigFile"] = CniConfigFile,
            ["ipamDataDir"] = Path.Combine(directory, "leases"),
            ["resyncSeconds"] = 2,
        }.ToJsonString());
}
