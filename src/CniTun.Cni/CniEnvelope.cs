using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>The keys that every network configuration has, whatever the plugin: enough to choose how to answer.</summary>
/// <param name="Version">As the configuration says it, or "0.1.0" where it says nothing, as the first version did.</param>
/// <param name="Name">The network's name; null if missing.</param>
internal readonly record struct CniEnvelope(string Version, string? Name)
{
    /// <summary>Reads the top level and passes over everything beneath.</summary>
    /// <exception cref="JsonFormException">Not a JSON object, or one of the two keys is no text.</exception>
    public static CniEnvelope Read(ReadOnlySpan<byte> input)
    {
        var json = new JsonCursor(input, "the network configuration");
        string? version = null;
        string? name = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Text("cniVersion", ref version) || json.Text("name", ref name);
        }

        json.End();
        return new CniEnvelope(string.IsNullOrEmpty(version) ? "0.1.0" : version, name);
    }
}
