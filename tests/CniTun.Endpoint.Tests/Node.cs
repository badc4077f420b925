using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CniTun.Cni;
using CniTun.Linux.Namespaces;

namespace CniTun.Endpoint.Tests;

/// <summary>
/// A node as a network namespace of the test's own, on which the plugin's commands run, inside this process or as the published binary.
/// </summary>
internal sealed class Node : IDisposable
{
    private readonly TestNamespace space = new("node");
    private readonly NetworkNamespace inside;
    private readonly List<string> diagnostics = [];

    public Node()
    {
        inside = NetworkNamespace.Open(space.Path);
        DataDirectory = Directory.CreateTempSubdirectory("cnitun-test-leases-").FullName;
    }

    public string Name => space.Name;

    public string Path => space.Path;

    public string DataDirectory { get; }

    public IReadOnlyList<string> Diagnostics => diagnostics;

    /// <summary>Gets a configuration of two families with the node as default gateway.</summary>
    public JsonObject DualStack => Config("""
        { "isDefaultGateway": true, "hairpinMode": true, "mtu": 1450,
          "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "fd00:77:1::/64" }]] } }
        """);

    /// <summary>Makes a configuration from the keys of interest; the others, and the test's own lease directory, are added.</summary>
    public JsonObject Config(string keys)
    {
        var config = new JsonObject
        {
            ["cniVersion"] = "1.1.0",
            ["name"] = "pods",
            ["type"] = "cnitun",
            ["bridge"] = "br0",
        };
        foreach (var (key, value) in JsonNode.Parse(keys)!.AsObject())
        {
            config[key] = value?.DeepClone();
        }

        if (config["ipam"] is JsonObject ipam && !ipam.ContainsKey("dataDir"))
        {
            ipam["dataDir"] = DataDirectory;
        }

        return config;
    }

    public string Ip(params string[] arguments) => space.Ip(arguments);

    public Answer Try(string program, params string[] arguments) => space.Try(program, arguments);

    /// <summary>Runs a command in this process, in the node's namespace.</summary>
    /// <param name="command">CNI_COMMAND.</param>
    /// <param name="containerId">CNI_CONTAINERID.</param>
    /// <param name="netns">CNI_NETNS.</param>
    /// <param name="config">Standard input.</param>
    /// <param name="ifname">CNI_IFNAME.</param>
    /// <param name="variables">Further variables.</param>
    public CniAnswer Call(
        string command,
        string containerId,
        string netns,
        JsonNode config,
        string ifname = "eth0",
        IReadOnlyDictionary<string, string>? variables = null) =>
        Call(command, containerId, netns, Encoding.UTF8.GetBytes(config.ToJsonString()), ifname, variables);

    /// <summary>Runs a command without a container's namespace on any bytes.</summary>
    public CniAnswer CallRaw(string command, string containerId, byte[] input) => Call(command, containerId, string.Empty, input, "eth0", variables: null);

    /// <summary>Runs ADD and fails the test unless it succeeds.</summary>
    public JsonObject Add(Pod pod, JsonNode config) => Succeed("ADD", pod, config);

    /// <summary>Runs DEL and fails the test unless it succeeds silently.</summary>
    public void Del(Pod pod, JsonNode config, bool withNetns = true)
    {
        var answer = Call("DEL", pod.ContainerId, withNetns ? pod.Path : string.Empty, config);
        Assert.True(answer.ExitCode == 0, Text(answer));
        Assert.True(answer.Output.IsEmpty, Text(answer));
    }

    /// <summary>Runs CHECK with the result of ADD.</summary>
    public CniAnswer Check(Pod pod, JsonNode config, JsonNode result)
    {
        var request = config.DeepClone().AsObject();
        request["prevResult"] = result.DeepClone();
        return Call("CHECK", pod.ContainerId, pod.Path, request);
    }

    /// <summary>Runs GC with a list of what is to be kept.</summary>
    public CniAnswer Collect(JsonNode config, params Pod[] kept)
    {
        var request = config.DeepClone().AsObject();
        request["cni.dev/valid-attachments"] = new JsonArray(
            [.. kept.Select(pod => new JsonObject { ["containerID"] = pod.ContainerId, ["ifname"] = "eth0" })]);
        return Call("GC", string.Empty, string.Empty, request);
    }

    /// <summary>Lists the interfaces at the node but for loopback and the bridge.</summary>
    public IReadOnlyList<string> Endpoints() =>
    [
        .. Ip("-o", "link", "show").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':')[1].Trim().Split('@')[0])
            .Where(name => name is not "lo" and not "br0"),
    ];

    /// <summary>Lists the addresses that are leased in the network "pods".</summary>
    public IReadOnlyList<string> Leases()
    {
        var directory = $"{DataDirectory}/pods/addresses";
        return Directory.Exists(directory) ? [.. Directory.GetFiles(directory).Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Runs a command that must fail, and gets its error.</summary>
    public JsonObject Fail(string command, Pod pod, JsonNode config)
    {
        var answer = Call(command, pod.ContainerId, pod.Path, config);
        Assert.Equal(1, answer.ExitCode);
        return JsonNode.Parse(answer.Output.Span)!.AsObject();
    }

    /// <summary>Fails unless the node is as if nobody had ever been attached: the bridge may stay.</summary>
    public void AssertNothingLeft()
    {
        Assert.Empty(Endpoints());
        AssertNoLeases();
    }

    /// <summary>Fails unless no lease, no attachment and no temporary file is in the lease directory.</summary>
    public void AssertNoLeases()
    {
        var left = Directory.EnumerateFileSystemEntries(DataDirectory, "*", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/pools", StringComparison.Ordinal))
            .Select(path => System.IO.Path.GetRelativePath(DataDirectory, path))
            .Where(path => path.Count(c => c == '/') > 1);
        Assert.Empty(left);
    }

    public void Dispose()
    {
        inside.Dispose();
        space.Dispose();
        Directory.Delete(DataDirectory, recursive: true);
    }

    public static string Text(CniAnswer answer) => string.Create(CultureInfo.InvariantCulture, $"exit {answer.ExitCode}: {Encoding.UTF8.GetString(answer.Output.Span)}");

    private CniAnswer Call(
        string command,
        string containerId,
        string netns,
        byte[] input,
        string ifname,
        IReadOnlyDictionary<string, string>? variables) => inside.Run(() =>
        new Dispatcher(new EndpointCommands(line =>
        {
            lock (diagnostics)
            {
                diagnostics.Add(line);
            }
        })).Run(
            name => name switch
            {
                "CNI_COMMAND" => command,
                "CNI_CONTAINERID" => containerId,
                "CNI_NETNS" => netns,
                "CNI_IFNAME" => ifname,
                _ => variables?.GetValueOrDefault(name),
            },
            () => input));

    private JsonObject Succeed(string command, Pod pod, JsonNode config)
    {
        var answer = Call(command, pod.ContainerId, pod.Path, config);
        Assert.True(answer.ExitCode == 0, Text(answer));
        return JsonNode.Parse(answer.Output.Span)!.AsObject();
    }
}

/// <summary>A container's sandbox: a network namespace with a container id.</summary>
internal sealed class Pod : IDisposable
{
    private readonly TestNamespace space = new("pod");

    public string ContainerId => space.Name;

    public string Path => space.Path;

    public string Ip(params string[] arguments) => space.Ip(arguments);

    public string Run(string program, params string[] arguments) => space.Run(program, arguments);

    /// <summary>Pings once and fails the test without an answer.</summary>
    public void Ping(string address) => space.Run("ping", "-c", "1", "-W", "30", address);

    public void Dispose() => space.Dispose();
}
