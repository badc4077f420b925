using System.Text.Json;

namespace CniTun.Cni;

/// <summary>Writes one JSON object.</summary>
internal static class JsonOutput
{
    public static byte[] Write(Action<Utf8JsonWriter> writeMembers)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
