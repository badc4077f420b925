using System.Text;
using System.Text.Json.Nodes;
using CniTun.Addresses;
using CniTun.Agent.Nodes;
using CniTun.Daemon;
using CniTun.Uapi;

namespace CniTun.Agent.Tests.Nodes;

public sealed class PeersFileTests
{
    private static readonly string TwoNodes = $$"""
        {"nodes": [
          {"name": "a", "publicKey": "{{Samples.Key(1)}}", "endpoints": ["192.0.2.1:6080", "[2001:db8::1]:6080"], "podCIDRs": ["10.77.1.0/24", "fd00:77:1::/64"]},
          {"name": "b", "publicKey": "{{Samples.Key(2)}}", "endpoints": ["192.0.2.2:6080"], "podCIDRs": ["10.77.2.0/24"]}
        ]}
        """;

    [Fact]
    public void Nodes_are_read_with_all_that_they_have()
    {
        var nodes = PeersFile.Parse(Encoding.UTF8.GetBytes(TwoNodes));

        Assert.Equal(["a", "b"], nodes.Select(node => node.Name));
        Assert.Equal(Samples.Key(1), nodes[0].PublicKey);
        Assert.Equal([IpEndpoint.Parse("192.0.2.1:6080"), IpEndpoint.Parse("[2001:db8::1]:6080")], nodes[0].Endpoints);
        Assert.Equal([Cidr.Parse("10.77.1.0/24"), Cidr.Parse("fd00:77:1::/64")], nodes[0].PodCidrs);
    }

    [Theory]
    [InlineData("name", "\"a\"", "2 nodes are called 'a'")]
    [InlineData("name", "\"\"", "nodes[1].name: must not be empty")]
    [InlineData("name", "5", "nodes[1].name: must be a string")]
    [InlineData("publicKey", "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"", "2 nodes have public key 'AQEB")]
    [InlineData("publicKey", "\"AQEB\"", "nodes[1].publicKey: is not a public key")]
    [InlineData("publicKey", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "nodes[1].publicKey: is not a public key")]
    [InlineData("endpoints", "\"192.0.2.2:6080\"", "nodes[1].endpoints: must be an array")]
    [InlineData("endpoints", "[\"node-b:6080\"]", "nodes[1].endpoints[0]: \"node-b:6080\" is not an address with a port")]
    [InlineData("endpoints", "[\"192.0.2.2:0\"]", "nodes[1].endpoints[0]: \"192.0.2.2:0\" is not an address with a port")]
    [InlineData("endpoints", "[\"0.0.0.0:6080\"]", "nodes[1].endpoints[0]: \"0.0.0.0:6080\" is not an address with a port")]
    [InlineData("endpoints", "[\"10.77.1.9:6080\"]", "endpoint 10.77.1.9:6080 of node 'b' lies in pod CIDR 10.77.1.0/24 of node 'a'")]
    [InlineData("podCIDRs", "[\"10.77.2.0\"]", "nodes[1].podCIDRs[0]: \"10.77.2.0\" is not a prefix")]
    [InlineData("podCIDRs", "[\"10.77.2.1/24\"]", "nodes[1].podCIDRs[0]: 10.77.2.1/24 has bits set behind its prefix length; 10.77.2.0/24 is meant?")]
    [InlineData("podCIDRs", "[\"10.77.1.128/25\"]", "pod CIDR 10.77.1.0/24 of node 'a' overlaps 10.77.1.128/25 of node 'b'")]
    [InlineData("podCIDRs", "[\"10.77.0.0/16\"]", "pod CIDR 10.77.0.0/16 of node 'b' overlaps 10.77.1.0/24 of node 'a'")]
    [InlineData("podCIDRs", "[\"fd00:77:2::/64\", \"fd00:77:2::/64\"]", "pod CIDR fd00:77:2::/64 of node 'b' overlaps fd00:77:2::/64 of node 'b'")]
    [InlineData("podCIDR", "[]", "nodes[1].podCIDR: unknown key; known are name, publicKey, endpoints, podCIDRs")]
    public void A_mistake_is_named_with_its_place(string key, string value, string complaint)
    {
        var file = JsonNode.Parse(TwoNodes)!;
        file["nodes"]![1]![key] = JsonNode.Parse(value);

        var refusal = Assert.Throws<OperatorException>(() => PeersFile.Parse(Encoding.UTF8.GetBytes(file.ToJsonString())));

        Assert.StartsWith(complaint, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "nodes: is missing")]
    [InlineData("""{"nodes": [{"name": "a"}]}""", "nodes[0].publicKey: is missing")]
    [InlineData("""{"nodes": [{"name": "\ud800"}]}""", "nodes[0].name: holds half of a surrogate pair")]
    [InlineData("""{"nodes": [{"\ud800": "a"}]}""", "not valid JSON: a key holds half of a surrogate pair")]
    [InlineData("""{"nodes": ["a"]}""", "nodes[0]: is not a JSON object")]
    public void What_is_missing_or_broken_is_named(string content, string complaint) =>
        Assert.Equal(complaint, Assert.Throws<OperatorException>(() => PeersFile.Parse(Encoding.UTF8.GetBytes(content))).Message);

    [Fact]
    public void No_damage_to_the_file_makes_it_throw_anything_else()
    {
        var random = new Random(2);
        var original = Encoding.UTF8.GetBytes(TwoNodes);
        for (var round = 0; round < 5_000; round++)
        {
            var damaged = original.ToArray();
            for (var i = 0; i < 3; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                PeersFile.Parse(damaged.AsMemory(0, random.Next(2) == 0 ? damaged.Length : random.Next(damaged.Length)));
            }
            catch (OperatorException)
            {
                // The only answer to a bad file.
            }
        }
    }

    [Fact]
    public void A_node_finds_itself_and_the_others()
    {
        var membership = Membership.Select([Samples.A, Samples.B, Samples.C], "b", Samples.Key(2));

        Assert.Equal(Samples.B, membership.Self);
        Assert.Equal([Samples.A, Samples.C], membership.Remotes);
    }

    [Theory]
    [InlineData("d", 1, "no node is called 'd', which is this node's name")]
    [InlineData("b", 1, "node 'b' has public key AgIC")]
    public void A_node_that_is_not_itself_is_refused(string name, byte key, string complaint) =>
        Assert.StartsWith(
            complaint,
            Assert.Throws<OperatorException>(() => Membership.Select([Samples.A, Samples.B], name, Samples.Key(key))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_node_without_pod_networks_cannot_serve_but_others_may_be_so()
    {
        var bare = Samples.B with { PodCidrs = [] };

        Assert.Equal("node 'b', which is this node, has no podCIDRs", Assert.Throws<OperatorException>(() => Membership.Select([bare], "b", Samples.Key(2))).Message);
        Assert.Equal([bare], Membership.Select([Samples.A, bare], "a", Samples.Key(1)).Remotes);
    }
}
