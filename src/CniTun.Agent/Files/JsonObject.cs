using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using CniTun.Daemon;

namespace CniTun.Agent.Files;

/// <summary>One object of a JSON file that people write: every complaint names the place, and a key nobody knows is one.</summary>
/// <remarks>
/// By hand over <see cref="JsonDocument"/>, since a deserializer's own messages speak of types, and are left out of trimmed binaries.
/// Borrows the document, which its opener owns.
/// </remarks>
internal readonly struct JsonObject
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly JsonElement element;
    private readonly string path;

    /// <summary>Initializes a new instance of the <see cref="JsonObject"/> struct.</summary>
    /// <param name="element">The value that should be an object.</param>
    /// <param name="path">Where it stands, for complaints; empty for the outermost.</param>
    /// <param name="keys">The keys that it may have.</param>
    /// <exception cref="OperatorException">It is no object, or has another key.</exception>
    public JsonObject(JsonElement element, string path, params ReadOnlySpan<string> keys)
    {
        this.element = element;
        this.path = path;
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new OperatorException(path.Length == 0 ? "is not a JSON object" : $"{path}: is not a JSON object");
        }

        foreach (var member in element.EnumerateObject())
        {
            if (!keys.Contains(member.Name))
            {
                throw new OperatorException($"{PathOf(member.Name)}: unknown key; known are {string.Join(", ", keys!)}");
            }
        }
    }

    /// <summary>Opens a document; the caller disposes it.</summary>
    /// <exception cref="OperatorException">Not JSON, or a key stands twice in one object.</exception>
    public static JsonDocument ParseDocument(ReadOnlyMemory<byte> content)
    {
        if (!Utf8.IsValid(content.Span))
        {
            throw new OperatorException("not valid JSON: not valid UTF-8");
        }

        try
        {
            return JsonDocument.Parse(content, Strict);
        }
        catch (JsonException e) when (e.LineNumber is { } line && e.BytePositionInLine is { } column)
        {
            throw new OperatorException(string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {column + 1}: not valid JSON"));
        }
        catch (JsonException)
        {
            throw new OperatorException("not valid JSON, or a key that stands twice");
        }
        catch (InvalidOperationException)
        {
            throw new OperatorException("not valid JSON: a key holds half of a surrogate pair");
        }
    }

    /// <summary>Says why a file could not be read, in words that do not depend on the framework's message resources.</summary>
    public static string WhyUnreadable(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied, or a directory",
        _ => failure.Message,
    };

    /// <summary>Gets a value, or null if the key is not there.</summary>
    public JsonElement? Find(string key) => element.TryGetProperty(key, out var value) ? value : null;

    /// <exception cref="OperatorException">The key is missing, or its value is no text.</exception>
    public string Text(string key) => Find(key) switch
    {
        { ValueKind: JsonValueKind.String } value => TextOf(value, PathOf(key)),
        null => throw new OperatorException($"{PathOf(key)}: is missing"),
        _ => throw new OperatorException($"{PathOf(key)}: must be a string"),
    };

    /// <summary>Gets the text of a string.</summary>
    /// <param name="value">A string.</param>
    /// <param name="path">Where it stands, for complaints.</param>
    /// <exception cref="OperatorException">It holds half of a surrogate pair.</exception>
    public static string TextOf(JsonElement value, string path)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new OperatorException($"{path}: holds half of a surrogate pair");
        }
    }

    /// <summary>Gets the values of an array, each with its place.</summary>
    /// <exception cref="OperatorException">The key is missing, or its value is no array.</exception>
    public IEnumerable<(JsonElement Value, string Path)> Array(string key)
    {
        var place = PathOf(key);
        return Find(key) switch
        {
            { ValueKind: JsonValueKind.Array } array =>
                array.EnumerateArray().Select((value, i) => (value, string.Create(CultureInfo.InvariantCulture, $"{place}[{i}]"))),
            null => throw new OperatorException($"{place}: is missing"),
            _ => throw new OperatorException($"{place}: must be an array"),
        };
    }

    /// <summary>Gets the place of a member: "nodes[1].name".</summary>
    public string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";
}
