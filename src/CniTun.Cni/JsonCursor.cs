using System.Globalization;
using System.Text.Json;
using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>Reads one element of an array.</summary>
public delegate T JsonElementReader<out T>(ref JsonCursor json);

/// <summary>
/// Walks a JSON text value by value, on the framework's tokenizer, and knows where it is, so that a wrong value is named by its path.
/// </summary>
/// <remarks>
/// The plugin reads and writes JSON by hand: the serializer, even source-generated, would add a megabyte to the binary and half a millisecond to
/// every call, for three small formats. A key that stands twice in an object is an error, since two programs could read it differently. Every
/// failure is a <see cref="CniException"/> of code 6.
/// </remarks>
public ref struct JsonCursor
{
    private readonly string subject;
    private readonly List<string> path = ["$"];
    private readonly List<HashSet<string>> keys = [];
    private Utf8JsonReader reader;

    /// <summary>Initializes a new instance of the <see cref="JsonCursor"/> struct, on the text's first value.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="subject">What the text is, for errors: "the network configuration".</param>
    public JsonCursor(ReadOnlySpan<byte> json, string subject)
    {
        this.subject = subject;
        reader = new Utf8JsonReader(json);
        Advance();
    }

    /// <summary>Gets a value indicating whether the value is null: as good as missing.</summary>
    public readonly bool IsNull => reader.TokenType == JsonTokenType.Null;

    /// <summary>Enters the object that the cursor is on; <see cref="NextKey"/> then steps through it.</summary>
    public void BeginObject()
    {
        Expect(JsonTokenType.StartObject, "an object");
        keys.Add(new HashSet<string>(StringComparer.Ordinal));
        path.Add(string.Empty);
    }

    /// <summary>Steps to the value of the next key, or behind the object if there is none.</summary>
    public bool NextKey(out string key)
    {
        Advance();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            keys.RemoveAt(keys.Count - 1);
            path.RemoveAt(path.Count - 1);
            key = string.Empty;
            return false;
        }

        key = Text();
        path[^1] = $".{key}";
        if (!keys[^1].Add(key))
        {
            throw Wrong("stands twice");
        }

        Advance();
        return true;
    }

    /// <summary>Reads an array; null counts as none.</summary>
    public IReadOnlyList<T>? Array<T>(JsonElementReader<T> readElement)
        where T : class
    {
        if (IsNull)
        {
            return null;
        }

        Expect(JsonTokenType.StartArray, "an array");
        path.Add(string.Empty);
        var list = new List<T>();
        for (Advance(); reader.TokenType != JsonTokenType.EndArray; Advance())
        {
            path[^1] = string.Create(CultureInfo.InvariantCulture, $"[{list.Count}]");
            list.Add(readElement(ref this));
        }

        path.RemoveAt(path.Count - 1);
        return list;
    }

    /// <summary>Reads an array of texts.</summary>
    public IReadOnlyList<string>? Texts() => Array(static (ref JsonCursor json) => json.RequiredText());

    /// <summary>Reads a text, or null.</summary>
    public string? OptionalText() => IsNull ? null : RequiredText();

    /// <summary>Reads a text.</summary>
    public string RequiredText()
    {
        Expect(JsonTokenType.String, "a text in quotes");
        return Text();
    }

    /// <summary>Reads true or false; null counts as false.</summary>
    public readonly bool Flag() => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        _ => throw Wrong("is not true or false"),
    };

    /// <summary>Reads a whole number within limits, or null.</summary>
    public readonly int? OptionalNumber(int least = 0, int most = int.MaxValue)
    {
        if (IsNull)
        {
            return null;
        }

        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) && value >= least && value <= most
            ? value
            : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"is not a whole number from {least} to {most}"));
    }

    /// <summary>Reads an IP address; null and the empty text count as none.</summary>
    public IpAddress? OptionalAddress() =>
        OptionalText() is not { Length: > 0 } text ? null
        : IpAddress.TryParse(text, out var address) ? address
        : throw Wrong($"is '{text}' and not an IP address");

    /// <summary>Reads an address with a prefix length; null counts as none.</summary>
    public Cidr? OptionalCidr() => IsNull ? null : RequiredCidr();

    /// <summary>Reads an address with a prefix length.</summary>
    public Cidr RequiredCidr()
    {
        var text = RequiredText();
        return Cidr.TryParse(text, out var cidr) ? cidr : throw Wrong($"is '{text}' and not an address with a prefix length, such as 10.1.0.0/16");
    }

    /// <summary>Passes over the value, whatever it is.</summary>
    public void Skip()
    {
        try
        {
            reader.Skip();
        }
        catch (JsonException malformed)
        {
            throw Malformed(malformed);
        }
    }

    /// <summary>Fails if anything stands behind the value that was read.</summary>
    public void End()
    {
        try
        {
            if (reader.Read())
            {
                throw Wrong("is followed by something");
            }
        }
        catch (JsonException malformed)
        {
            throw Malformed(malformed);
        }
    }

    /// <summary>Makes the error that names this place.</summary>
    /// <param name="what">What is wrong with the value, to follow its path.</param>
    public readonly CniException Wrong(string what) => new(
        CniErrorCode.DecodingFailure,
        $"{subject}: {string.Concat(path)} {what}",
        "compare the key's form with docs/cni.md");

    private void Expect(JsonTokenType type, string what)
    {
        if (reader.TokenType != type)
        {
            throw Wrong($"is not {what}");
        }
    }

    private readonly string Text()
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException notUtf8)
        {
            throw new CniException(CniErrorCode.DecodingFailure, $"{subject}: {string.Concat(path)} is not UTF-8", "save the text as UTF-8", notUtf8);
        }
    }

    private void Advance()
    {
        try
        {
            if (!reader.Read())
            {
                throw new CniException(CniErrorCode.DecodingFailure, $"{subject} is empty", "it is expected to be a JSON object");
            }
        }
        catch (JsonException malformed)
        {
            throw Malformed(malformed);
        }
    }

    /// <summary>Says where; the framework's own words are left out of the binary.</summary>
    private readonly CniException Malformed(JsonException malformed) => new(
        CniErrorCode.DecodingFailure,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{subject} is not valid JSON (line {malformed.LineNumber.GetValueOrDefault() + 1}, byte {malformed.BytePositionInLine.GetValueOrDefault() + 1})"),
        "correct the text there",
        malformed);
}
