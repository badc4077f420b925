using System.Globalization;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>The reference bridge plugin and ours, given the same configuration but for <c>type</c>, leave the same kernel and say the same.</summary>
public sealed class ReferenceTests
{
    private const string Directory = "/usr/lib/cni";

    public static TheoryData<string> Configurations => new()
    {
        """{ "isGateway": true, "ipam": { "subnet": "10.77.1.0/24", "routes": [{ "dst": "0.0.0.0/0" }] } }""",
        """{ "isDefaultGateway": true, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""",
        """{ "isDefaultGateway": true, "mtu": 1400, "hairpinMode": true, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""",
        """{ "isDefaultGateway": true, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "fd00:77:1::/64" }]] } }""",
        """{ "isDefaultGateway": true, "promiscMode": true, "ipam": { "ranges": [[{ "subnet": "fd00:77:1::/64" }]] } }""",
        """{ "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24", "rangeStart": "10.77.1.50", "rangeEnd": "10.77.1.60", "gateway": "10.77.1.254" }]] } }""",
        """{ "isGateway": true, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24", "gateway": "10.77.1.200" }]], "routes": [{ "dst": "192.168.0.0/16" }, { "dst": "10.96.0.0/12", "gw": "10.77.1.9" }] } }""",
        """{ "isGateway": true, "dns": { "nameservers": ["10.1.1.1"], "search": ["example.org"] }, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""",
        """{ "isDefaultGateway": true, "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }]] }, "runtimeConfig": { "mac": "02:11:22:33:44:55", "ips": ["10.77.1.77"] } }""",
        """{ "isDefaultGateway": true, "cniVersion": "0.3.1", "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "fd00:77:1::/64" }]] } }""",
        """{ "isDefaultGateway": true, "cniVersion": "0.2.0", "ipam": { "ranges": [[{ "subnet": "10.77.1.0/24" }]] } }""",
    };

    [KernelTheory]
    [MemberData(nameof(Configurations))]
    public void Both_leave_the_same(string keys)
    {
        var theirs = Observe(keys, "bridge", "host-local", $"{Directory}/bridge");
        var ours = Observe(keys, "cnitun", "cnitun", PublishedBinary.Path("cnitun"));

        Assert.Equal(theirs, ours);
    }

    /// <summary>Runs ADD and DEL and writes down what there is to see, without what differs by chance.</summary>
    private static string Observe(string keys, string type, string ipam, string program)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "cniVersion": "1.0.0" }""");
        foreach (var (key, value) in JsonNode.Parse(keys)!.AsObject())
        {
            config[key] = value?.DeepClone();
        }

        config["type"] = type;
        config["ipam"]!["type"] = ipam;
        config["ipam"]!["dataDir"] = node.DataDirectory;
        var added = Run(node, program, "ADD", pod, config);
        Assert.True(added.ExitCode == 0, type + added.Output + added.Error);
        var seen = new List<string> { Result(JsonNode.Parse(added.Output)!.AsObject()) };
        seen.AddRange(Pod(pod));
        seen.AddRange(Host(node));
        var deleted = Run(node, program, "DEL", pod, config);
        Assert.True(deleted.ExitCode == 0, type + deleted.Output + deleted.Error);
        seen.Add($"endpoints left: {node.Endpoints().Count}");
        return string.Join('\n', seen);
    }

    private static Answer Run(Node node, string program, string command, Pod pod, JsonNode config)
    {
        var environment = PluginProcess.Environment(command, pod.ContainerId, pod.Path);
        environment["CNI_PATH"] = Directory;
        return Command.Try("ip", ["netns", "exec", node.Name, program], environment, config.ToJsonString());
    }

    private static string Result(JsonObject result)
    {
        foreach (var link in result["interfaces"]?.AsArray() ?? [])
        {
            var name = (string)link!["name"]!;
            link["name"] = name.StartsWith("veth", StringComparison.Ordinal) || name.StartsWith("cnt", StringComparison.Ordinal) ? "HOST" : name;
            link["mac"] = link["sandbox"] is not null && ((string)link["mac"]!).StartsWith("02:11", StringComparison.Ordinal) ? (string)link["mac"]! : "MAC";
            link["sandbox"] = link["sandbox"] is null ? null : "SANDBOX";
        }

        foreach (var route in result["routes"]?.AsArray() ?? [])
        {
            // A route without a gateway goes by that of the address (specification, "Success": routes); we say which.
            route!["gw"] ??= (string)result["ips"]!.AsArray().First(ip => ((string)ip!["address"]!).Contains(':') == ((string)route["dst"]!).Contains(':'))!["gateway"]!;
        }

        return Ordered(result)!.ToJsonString();
    }

    /// <summary>Orders the keys and drops nulls and empty lists: they mean the same.</summary>
    private static JsonNode? Ordered(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map
            .Where(pair => pair.Value is not null and not JsonArray { Count: 0 })
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, Ordered(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Ordered)]),
        null => null,
        _ => node.DeepClone(),
    };

    private static IEnumerable<string> Pod(Pod pod)
    {
        var link = JsonNode.Parse(pod.Ip("-j", "-d", "link", "show", "eth0"))![0]!;
        yield return $"pod mtu {link["mtu"]} {link["operstate"]} {link["linkinfo"]!["info_kind"]}";
        yield return Addresses(pod.Ip("-j", "addr", "show", "eth0"));
        foreach (var family in new[] { "-4", "-6" })
        {
            foreach (var route in JsonNode.Parse(pod.Ip("-j", family, "route", "show", "dev", "eth0"))!.AsArray()
                .Where(route => (string?)route!["dst"] is not "fe80::/64" and not "ff00::/8")
                .Select(route => $"{route!["dst"]} via {route["gateway"]} scope {route["scope"]} src {route["prefsrc"]}")
                .Order(StringComparer.Ordinal))
            {
                yield return route;
            }
        }
    }

    private static IEnumerable<string> Host(Node node)
    {
        var bridge = JsonNode.Parse(node.Ip("-j", "-d", "link", "show", "br0"))![0]!;
        yield return $"bridge mtu {bridge["mtu"]} {bridge["operstate"]} promiscuous {bridge["flags"]!.ToJsonString().Contains("PROMISC", StringComparison.Ordinal)}";
        yield return Addresses(node.Ip("-j", "addr", "show", "br0"));
        var port = JsonNode.Parse(node.Ip("-j", "-d", "link", "show", "master", "br0"))![0]!;
        var data = port["linkinfo"]!["info_slave_data"]!;
        yield return $"port mtu {port["mtu"]} {port["operstate"]} hairpin {data["hairpin"]} isolated {data["isolated"]} learning {data["learning"]} flood {data["flood"]}";
    }

    private static string Addresses(string json) => string.Join(' ', JsonNode.Parse(json)![0]!["addr_info"]!.AsArray()
        .Where(address => (string?)address!["scope"] is "global")
        .Select(address => string.Create(CultureInfo.InvariantCulture, $"{address!["local"]}/{address["prefixlen"]}"))
        .Order(StringComparer.Ordinal));
}
