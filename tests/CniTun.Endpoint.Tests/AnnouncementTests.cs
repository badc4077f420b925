using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>An address that is used again with another Ethernet address is reached at once by all who knew the old one.</summary>
public sealed class AnnouncementTests
{
    [KernelTheory]
    [InlineData("reachable")]
    [InlineData("permanent")]
    public void Host_and_peer_reach_the_next_holder_of_an_address_with_their_first_packet(string state)
    {
        using var node = new Node();
        using var peer = new Pod();
        using var pod = new Pod();
        using var next = new Pod();
        node.Add(peer, node.DualStack);
        node.Add(pod, With(node, "02:00:00:00:00:01"));
        foreach (var address in new[] { "10.77.1.9", "fd00:77:1::9" })
        {
            peer.Ping(address);
            Assert.Equal(0, node.Try("ping", "-c", "1", "-W", "1", address).ExitCode);
        }

        node.Del(pod, node.DualStack);
        foreach (var address in new[] { "10.77.1.9", "fd00:77:1::9" })
        {
            // As if it had been confirmed just now; the host's may even be for good.
            peer.Ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud", "reachable");
            node.Ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:01", "dev", "br0", "nud", state);
        }

        node.Add(next, With(node, "02:00:00:00:00:02"));

        foreach (var address in new[] { "10.77.1.9", "fd00:77:1::9" })
        {
            peer.Ping(address);
            Assert.Equal(0, node.Try("ping", "-c", "1", "-W", "1", address).ExitCode);
        }
    }

    [KernelFact]
    public void What_an_administrator_noted_of_the_very_container_stays()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var first = new Pod();
        node.Add(first, node.DualStack);
        node.Ip("neigh", "replace", "10.77.1.9", "lladdr", "02:00:00:00:00:01", "dev", "br0", "nud", "permanent");

        node.Add(pod, With(node, "02:00:00:00:00:01"));

        Assert.Contains("PERMANENT", node.Ip("neigh", "show", "10.77.1.9"), StringComparison.Ordinal);
    }

    private static JsonObject With(Node node, string mac)
    {
        var config = node.DualStack;
        config["runtimeConfig"] = new JsonObject { ["mac"] = mac, ["ips"] = new JsonArray("10.77.1.9", "fd00:77:1::9") };
        return config;
    }
}
