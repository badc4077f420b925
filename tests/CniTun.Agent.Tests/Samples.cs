using CniTun.Addresses;
using CniTun.Agent.Nodes;
using CniTun.Agent.Settings;
using CniTun.Uapi;

namespace CniTun.Agent.Tests;

/// <summary>Nodes and settings that the tests speak of.</summary>
internal static class Samples
{
    public static SecretKey Secret { get; } = new(Filled(7));

    public static AgentSettings Settings { get; } = new() { NodeName = "a", PeersFile = "/peers.json" };

    public static Node A { get; } = Node("a", 1, "192.0.2.1:6080", "10.77.1.0/24", "fd00:77:1::/64");

    public static Node B { get; } = Node("b", 2, "192.0.2.2:6080", "10.77.2.0/24", "fd00:77:2::/64");

    public static Node C { get; } = Node("c", 3, "[2001:db8::3]:6080", "10.77.3.0/24", "fd00:77:3::/64");

    public static PublicKey Key(byte number) => new(Filled(number));

    public static Node Node(string name, byte key, string endpoint, params string[] podCidrs) =>
        new(name, Key(key), [IpEndpoint.Parse(endpoint)], [.. podCidrs.Select(Cidr.Parse)]);

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 32)];
}
