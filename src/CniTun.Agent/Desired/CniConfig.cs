using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CniTun.Addresses;
using CniTun.Agent.Settings;

namespace CniTun.Agent.Desired;

/// <summary>The CNI network configuration list that runtimes read; its keys are those of the reference bridge plugin and of host-local.</summary>
internal static class CniConfig
{
    /// <summary>The plugin's name, by which a config is known to be ours.</summary>
    public const string PluginType = "cnitun";

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        NewLine = "\n",

        // Read by runtimes and people, never by a browser.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the file's content.</summary>
    /// <param name="settings">Names the network, the bridge and the leases' directory.</param>
    /// <param name="podCidrs">This node's own: a pod gets one address of each.</param>
    /// <param name="mtuBytes">The tunnel's, so that nothing a pod sends is too big for it.</param>
    public static string Format(AgentSettings settings, IReadOnlyList<Cidr> podCidrs, int mtuBytes)
    {
        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content, Layout))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", "1.1.0");
            json.WriteString("name", settings.Network);
            json.WriteStartArray("plugins");
            WritePlugin(json, settings, podCidrs, mtuBytes);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(content.WrittenSpan) + '\n';
    }

    /// <summary>Tells whether a file's content is a config that names our plugin first.</summary>
    public static bool IsOurs(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("plugins", out var plugins)
                && plugins.ValueKind == JsonValueKind.Array
                && plugins.GetArrayLength() > 0
                && plugins[0].ValueKind == JsonValueKind.Object
                && plugins[0].TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String
                && type.ValueEquals(PluginType);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter: text that is not Unicode.
            return false;
        }
    }

    private static void WritePlugin(Utf8JsonWriter json, AgentSettings settings, IReadOnlyList<Cidr> podCidrs, int mtuBytes)
    {
        json.WriteStartObject();
        json.WriteString("type", PluginType);
        json.WriteString("bridge", settings.Bridge);
        json.WriteBoolean("isDefaultGateway", true);
        json.WriteBoolean("hairpinMode", true);
        json.WriteNumber("mtu", mtuBytes);
        json.WriteStartObject("ipam");
        json.WriteString("type", PluginType);
        json.WriteString("dataDir", settings.IpamDataDir);
        json.WriteStartArray("ranges");
        foreach (var prefix in podCidrs)
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteString("subnet", prefix.ToString());
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
