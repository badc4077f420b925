using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CniTun.Addresses;

/// <summary>Reads one element of an array.</summary>
public delegate T JsonElementReader<out T>(ref JsonCursor json);

/// <summary>A text is not JSON, or a value in it has not the form that its key asks for. The message names the text and the place.</summary>
/// <param name="message">For whoever wrote the text.</param>
public sealed class JsonFormException(string message) : FormatException(message);

/// <summary>
/// Walks a JSON text value by value, on the framework's tokenizer, and knows where it is, so that a wrong value is named by its path.
/// </summary>
/// <remarks>
/// <para>JSON is read and written by hand: the serializer, even source-generated, would add a megabyte to the plugin and half a millisecond to every
/// call, for a few small formats.</para>
/// <para>Objects are read as Go's encoding/json reads them, and with it every other CNI plugin: a key's name may be written in any case, each
/// occurrence of a key is assigned in turn so that the last wins, null leaves a value as it was, and a key that nobody asks for is passed over.
/// So an object is a loop around <see cref="NextKey"/>, and its body asks for one key after the other until one is it.</para>
/// </remarks>
public ref struct JsonCursor
{
    private readonly string subject;
    private readonly List<string> path = ["$"];
    private Utf8JsonReader reader;
    private string key = string.Empty;
    private bool isUnread;

    /// <summary>Initializes a new instance of the <see cref="JsonCursor"/> struct, on the text's first value.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="subject">What the text is, for errors: "the network configuration".</param>
    /// <exception cref="JsonFormException">As in all methods: not JSON, or a value of another form.</exception>
    public JsonCursor(ReadOnlySpan<byte> json, string subject)
    {
        this.subject = subject;
        reader = new Utf8JsonReader(json);
        Advance();
    }

    /// <summary>Enters the object that the cursor is on; <see cref="NextKey"/> then steps through it.</summary>
    public void BeginObject()
    {
        Expect(JsonTokenType.StartObject, "an object");
        path.Add(string.Empty);
    }

    /// <summary>Steps to the value of the next key, or behind the object if there is none.</summary>
    public bool NextKey()
    {
        if (isUnread)
        {
            Guarded(static (ref Utf8JsonReader json) => json.TrySkip());
        }

        Advance();
        isUnread = reader.TokenType != JsonTokenType.EndObject;
        if (!isUnread)
        {
            path.RemoveAt(path.Count - 1);
            return false;
        }

        key = Text();
        path[^1] = $".{key}";
        Advance();
        return true;
    }

    /// <summary>Tells whether the cursor is on that key's value, which is then to be read.</summary>
    public bool Is(string name)
    {
        var matches = isUnread && Ascii.EqualsIgnoreCase(key, name);
        isUnread &= !matches;
        return matches;
    }

    /// <summary>Tells whether the cursor is on that key's value, and that is not null.</summary>
    public bool Has(string name) => Is(name) && reader.TokenType != JsonTokenType.Null;

    /// <summary>Reads a text if it is that key's.</summary>
    /// <returns>Whether it was that key, as in all methods that take a name.</returns>
    public bool Text(string name, ref string? value)
    {
        if (!Is(name))
        {
            return false;
        }

        value = reader.TokenType == JsonTokenType.Null ? value : Text("a text in quotes");
        return true;
    }

    /// <summary>Reads true or false.</summary>
    public bool Flag(string name, ref bool value)
    {
        if (!Is(name))
        {
            return false;
        }

        value = reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.Null => value,
            _ => throw Wrong("is not true or false"),
        };
        return true;
    }

    /// <summary>Reads a whole number within limits.</summary>
    public bool Number(string name, ref int? value, int least = 0, int most = int.MaxValue)
    {
        if (!Is(name))
        {
            return false;
        }

        if (reader.TokenType != JsonTokenType.Null)
        {
            value = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number >= least && number <= most
                ? number
                : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"is not a whole number from {least} to {most}"));
        }

        return true;
    }

    /// <summary>Reads an IP address; the empty text counts as none.</summary>
    public bool Address(string name, ref IpAddress? value)
    {
        string? text = null;
        if (!Text(name, ref text))
        {
            return false;
        }

        value = text is null ? value
            : text.Length == 0 ? null
            : IpAddress.TryParse(text, out var address) ? address
            : throw Wrong($"is '{text}' and not an IP address");
        return true;
    }

    /// <summary>Reads an address with a prefix length.</summary>
    public bool Prefix(string name, ref Cidr? value)
    {
        string? text = null;
        if (!Text(name, ref text))
        {
            return false;
        }

        value = text is null ? value
            : Cidr.TryParse(text, out var cidr) ? cidr
            : throw Wrong($"is '{text}' and not an address with a prefix length, such as 10.1.0.0/16");
        return true;
    }

    /// <summary>Reads an array of texts; null counts as none.</summary>
    public bool Texts(string name, ref IReadOnlyList<string>? value) =>
        Array(name, ref value, static (ref JsonCursor json) => json.Text("a text in quotes"));

    /// <summary>Reads an array; null counts as none.</summary>
    public bool Array<T>(string name, ref IReadOnlyList<T>? value, JsonElementReader<T> readElement)
        where T : class
    {
        if (!Is(name))
        {
            return false;
        }

        value = Elements(readElement);
        return true;
    }

    /// <summary>Reads the array that the cursor is on; null counts as none.</summary>
    public IReadOnlyList<T>? Elements<T>(JsonElementReader<T> readElement)
        where T : class
    {
        if (reader.TokenType == JsonTokenType.Null)
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

    /// <summary>Fails if anything stands behind the value that was read.</summary>
    public void End()
    {
        if (Guarded(static (ref Utf8JsonReader json) => json.Read()))
        {
            throw Wrong("is followed by something");
        }
    }

    /// <summary>Makes the error that names this place.</summary>
    /// <param name="what">What is wrong with the value, to follow its path.</param>
    public readonly JsonFormException Wrong(string what) => new($"{subject}: {string.Concat(path)} {what}");

    private delegate bool Step(ref Utf8JsonReader reader);

    private void Advance()
    {
        if (!Guarded(static (ref Utf8JsonReader json) => json.Read()))
        {
            throw new JsonFormException($"{subject} is empty");
        }
    }

    private void Expect(JsonTokenType type, string what)
    {
        if (reader.TokenType != type)
        {
            throw Wrong($"is not {what}");
        }
    }

    private string Text(string what)
    {
        Expect(JsonTokenType.String, what);
        return Text();
    }

    private readonly string Text()
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("is not UTF-8");
        }
    }

    /// <summary>Says where the text is no JSON; the framework's own words are left out of the binary.</summary>
    private bool Guarded(Step step)
    {
        try
        {
            return step(ref reader);
        }
        catch (JsonException malformed)
        {
            throw new JsonFormException(string.Create(
                CultureInfo.InvariantCulture,
                $"{subject} is not valid JSON (line {malformed.LineNumber.GetValueOrDefault() + 1}, byte {malformed.BytePositionInLine.GetValueOrDefault() + 1})"));
        }
    }
}
