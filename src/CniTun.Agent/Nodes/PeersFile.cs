using System.Text.Json;
using CniTun.Addresses;
using CniTun.Agent.Files;
using CniTun.Daemon;
using CniTun.Uapi;

namespace CniTun.Agent.Nodes;

/// <summary>
/// The registry of nodes as a file, the same on all nodes:
/// <c>{"nodes": [{"name": ..., "publicKey": BASE64, "endpoints": ["192.0.2.1:6080"], "podCIDRs": ["10.77.1.0/24"]}]}</c>.
/// </summary>
internal static class PeersFile
{
    /// <summary>Reads and judges a file's content.</summary>
    /// <exception cref="OperatorException">Names the first thing that is wrong and where it stands.</exception>
    public static IReadOnlyList<Node> Parse(ReadOnlyMemory<byte> content)
    {
        using var document = JsonObject.ParseDocument(content);
        var file = new JsonObject(document.RootElement, path: string.Empty, "nodes");
        var nodes = file.Array("nodes").Select(entry => ParseNode(entry.Value, entry.Path)).ToList();
        RefuseDuplicates(nodes, node => node.Name, "are called");
        RefuseDuplicates(nodes, node => node.PublicKey.ToBase64(), "have public key");
        PodNetworks.RequireApart(nodes);
        return nodes;
    }

    private static Node ParseNode(JsonElement value, string path)
    {
        var entry = new JsonObject(value, path, "name", "publicKey", "endpoints", "podCIDRs");
        var name = entry.Text("name");
        if (name.Length == 0)
        {
            throw new OperatorException($"{entry.PathOf("name")}: must not be empty");
        }

        return new Node(
            name,
            ParseKey(entry),
            [.. entry.Array("endpoints").Select(item => ParseEndpoint(item.Value, item.Path))],
            [.. entry.Array("podCIDRs").Select(item => ParsePodCidr(item.Value, item.Path))]);
    }

    private static PublicKey ParseKey(JsonObject entry) =>
        PublicKey.TryParseBase64(entry.Text("publicKey"), out var key) && key != default
            ? key
            : throw new OperatorException($"{entry.PathOf("publicKey")}: is not a public key: 44 characters of base64, as show-key prints");

    private static IpEndpoint ParseEndpoint(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String
        && IpEndpoint.TryParse(JsonObject.TextOf(value, path), out var endpoint)
        && endpoint.Port != 0
        && !endpoint.Address.IsUnspecified
            ? endpoint
            : throw new OperatorException($"{path}: {value.GetRawText()} is not an address with a port: \"192.0.2.1:6080\" or \"[2001:db8::1]:6080\"");

    private static Cidr ParsePodCidr(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String || !Cidr.TryParse(JsonObject.TextOf(value, path), out var prefix))
        {
            throw new OperatorException($"{path}: {value.GetRawText()} is not a prefix: \"10.77.1.0/24\" or \"fd00:77:1::/64\"");
        }

        return prefix.IsNetwork
            ? prefix
            : throw new OperatorException($"{path}: {prefix} has bits set behind its prefix length; {prefix.Network} is meant?");
    }

    private static void RefuseDuplicates(IEnumerable<Node> nodes, Func<Node, string> selector, string words)
    {
        if (nodes.GroupBy(selector, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } group)
        {
            throw new OperatorException($"{group.Count()} nodes {words} '{group.Key}'");
        }
    }
}
