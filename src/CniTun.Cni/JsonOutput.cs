using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>Writes one JSON object.</summary>
internal static class JsonOutput
{
    public static byte[] Write(Action<JsonText> writeMembers)
    {
        var json = new JsonText();
        json.WriteStartObject();
        writeMembers(json);
        json.WriteEndObject();
        return json.ToArray();
    }
}
