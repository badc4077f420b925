using System.Diagnostics;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>Executes the published plugin as a runtime does: in the node's namespace, with environment and standard input.</summary>
internal static class PluginProcess
{
    public static Answer Run(Node node, string command, string containerId, string netns, JsonNode config) =>
        Command.Try("ip", Arguments(node), Environment(command, containerId, netns), config.ToJsonString());

    /// <summary>Starts the plugin and hands it its input; the caller owns the process, which <c>ip</c> has become the plugin by then or soon.</summary>
    public static Process Start(Node node, string command, string containerId, string netns, JsonNode config)
    {
        var process = Command.Start("ip", Arguments(node), Environment(command, containerId, netns));
        process.StandardInput.Write(config.ToJsonString());
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Runs the plugin with any environment and any bytes, the way that nobody should.</summary>
    public static Answer RunRaw(Node node, IReadOnlyDictionary<string, string?> environment, string input) =>
        Command.Try("ip", Arguments(node), environment, input);

    public static Dictionary<string, string?> Environment(string command, string containerId, string netns) => new(StringComparer.Ordinal)
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = containerId,
        ["CNI_NETNS"] = netns,
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    private static string[] Arguments(Node node) => ["netns", "exec", node.Name, PublishedBinary.Path("cnitun")];
}
