using CniTun.Addresses;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>Two namespaces joined by a veth, and a tunnel in each that knows the other. Left is 1, right is 2.</summary>
internal sealed class TwoNodes : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-tunnel").FullName;

    /// <param name="underlay">What the outer addresses begin with: "192.0.2." or "2001:db8::".</param>
    /// <param name="arguments">For both tunnels.</param>
    public TwoNodes(string underlay = "192.0.2.", params string[] arguments)
    {
        LeftSpace = new TestNamespace("left");
        RightSpace = new TestNamespace("right");
        LeftSpace.Ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", RightSpace.Name);
        Address(LeftSpace, 1);
        Address(RightSpace, 2);
        Left = StartLeft(arguments);
        Right = new TunnelProcess(RightSpace, Path.Combine(directory, "right.sock"), arguments);
        LeftEndpoint = new IpEndpoint(IpAddress.Parse($"{underlay}1"), 6080);
        RightEndpoint = new IpEndpoint(IpAddress.Parse($"{underlay}2"), 6080);
        Left.Api.SetAsync(PeerUpdate(2, RightEndpoint)).GetAwaiter().GetResult();
        Right.Api.SetAsync(PeerUpdate(1, LeftEndpoint)).GetAwaiter().GetResult();
        BringUp(LeftSpace, 1);
        BringUp(RightSpace, 2);
    }

    public TestNamespace LeftSpace { get; }

    public TestNamespace RightSpace { get; }

    public TunnelProcess Left { get; }

    public TunnelProcess Right { get; }

    public IpEndpoint LeftEndpoint { get; }

    public IpEndpoint RightEndpoint { get; }

    public string LeftSocket => Path.Combine(directory, "left.sock");

    public static DeviceUpdate PeerUpdate(int node, IpEndpoint endpoint) => new()
    {
        Peers =
        [
            new PeerUpdate
            {
                PublicKey = Sample.Key(node),
                Endpoint = endpoint,
                AllowedIps = [Cidr.Parse($"10.{node}.0.0/16"), Cidr.Parse($"fd0{node}::/16")],
            },
        ],
    };

    /// <summary>Does what the agent does: address, MTU, up, route.</summary>
    public static void BringUp(TestNamespace space, int node)
    {
        space.Ip("address", "add", $"10.{node}.0.1/16", "dev", "tun0");
        space.Ip("address", "add", $"fd0{node}::1/16", "dev", "tun0", "nodad");
        space.Ip("link", "set", "tun0", "up", "mtu", "1400");
        space.Ip("route", "add", $"10.{3 - node}.0.0/16", "dev", "tun0");
        space.Ip("route", "add", $"fd0{3 - node}::/16", "dev", "tun0");
    }

    public TunnelProcess StartLeft(params string[] arguments) => new(LeftSpace, LeftSocket, arguments);

    public void PingFromLeft(string destination) => LeftSpace.Run("ping", "-c", "2", "-i", "0.1", "-W", "20", destination);

    public DeviceState RightState() => Right.State();

    public long LeftCounter(string name) => Left.Counter(name);

    public long RightCounter(string name) => Right.Counter(name);

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        LeftSpace.Dispose();
        RightSpace.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private static void Address(TestNamespace space, int node)
    {
        space.Ip("address", "add", $"192.0.2.{node}/24", "dev", "eth0");
        space.Ip("address", "add", $"2001:db8::{node}/64", "dev", "eth0", "nodad");
        space.Ip("link", "set", "eth0", "up");
    }
}
