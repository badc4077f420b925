using System.Text.Json;

namespace CniTun.Cni;

/// <summary>The keys that every network configuration has, whatever the plugin: enough to choose how to answer.</summary>
/// <param name="Version">As the configuration says it, or "0.1.0" where it says nothing (specification, "Network configuration format").</param>
/// <param name="Name">The network's name; null if missing.</param>
internal readonly record struct CniEnvelope(string Version, string? Name)
{
    /// <summary>Reads the top level and passes over everything beneath.</summary>
    /// <exception cref="CniException">Code 6: not a JSON object, or one of the two keys is no string.</exception>
    public static CniEnvelope Read(ReadOnlySpan<byte> json)
    {
        string? version = null;
        string? name = null;
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw NotAnObject();
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("cniVersion"u8))
                {
                    version = ReadString(ref reader, "cniVersion");
                }
                else if (reader.ValueTextEquals("name"u8))
                {
                    name = ReadString(ref reader, "name");
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            // Anything behind the object is an error too.
            reader.Read();
            return new CniEnvelope(version ?? "0.1.0", name);
        }
        catch (JsonException malformed)
        {
            throw CniErrors.MalformedJson(malformed);
        }
        catch (InvalidOperationException notText)
        {
            // What the reader says of bytes that are not UTF-8, and of half a surrogate pair; each token is at fault only once it is looked at.
            throw new CniException(
                CniErrorCode.DecodingFailure,
                $"the network configuration has a text that is not Unicode, at byte {reader.TokenStartIndex + 1}",
                "correct the file",
                notText);
        }
    }

    private static string ReadString(ref Utf8JsonReader reader, string key)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String
            ? reader.GetString()!
            : throw new CniException(CniErrorCode.DecodingFailure, $"{key} is not a string", "write it in quotes");
    }

    private static CniException NotAnObject() =>
        new(CniErrorCode.DecodingFailure, "the network configuration is not a JSON object", "it is expected on standard input");
}
