using System.Text.Json;
using System.Text.Json.Nodes;
using CniTun.Endpoint.Firewall;
using CniTun.Linux.Namespaces;

namespace CniTun.Endpoint.Tests;

/// <summary>A namespace in which nothing is, to see what the firewall table becomes.</summary>
internal sealed class BareNode : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly TestNamespace space = new("bare");
    private readonly NetworkNamespace inside;

    public BareNode() => inside = NetworkNamespace.Open(space.Path);

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("cnitun-test-records-").FullName;

    public NodeFirewall Open(string network = "pods") => inside.Run(() => NodeFirewall.Open(network, DataDirectory));

    public void Nft(string commands) => space.Run("nft", commands);

    public string Ruleset() => space.Run("nft", "list", "ruleset");

    /// <summary>Gets the ruleset as programs read it, without what differs from run to run: versions, handles, and where the records lie.</summary>
    public string RulesetJson()
    {
        var objects = JsonNode.Parse(space.Run("nft", "-j", "list", "ruleset"))!["nftables"]!.AsArray();
        objects.RemoveAt(0);
        foreach (var node in objects)
        {
            foreach (var (_, value) in node!.AsObject())
            {
                value!.AsObject().Remove("handle");
            }
        }

        return objects.ToJsonString(Indented).Replace(DataDirectory, "/run/cnitun", StringComparison.Ordinal);
    }

    /// <summary>Fails unless all that is left is what stays: chains, rules, empty sets.</summary>
    public void AssertNoElements() => Assert.DoesNotContain("elements", Ruleset(), StringComparison.Ordinal);

    public void Dispose()
    {
        inside.Dispose();
        space.Dispose();
        Directory.Delete(DataDirectory, recursive: true);
    }
}
