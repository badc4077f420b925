using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CniTun.Addresses.Tests;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("\"quoted\" and \\ and /")]
    [InlineData("line\nbreak\ttab\0nul\u001f\u007f\u2028")]
    [InlineData("ü, 漢, \U0001F600")]
    public void Any_text_is_read_back_as_it_was(string text)
    {
        var json = new JsonText();
        json.WriteStartObject();
        json.WriteString("key"u8, text);
        json.WriteEndObject();

        Assert.Equal(text, (string?)JsonNode.Parse(json.ToArray())!["key"]);
        Assert.Equal(json.ToArray().Length - "{\"key\":\"\"}".Length, text.EnumerateRunes().Sum(JsonText.LengthOf));
    }

    [Fact]
    public void Half_a_character_becomes_the_replacement_character()
    {
        var json = new JsonText();
        json.WriteStringValue("a\ud800b");

        Assert.Equal("\"a\ufffdb\"", Encoding.UTF8.GetString(json.ToArray()));
    }

    [Fact]
    public void Commas_stand_between_values_and_nowhere_else()
    {
        var json = new JsonText();
        json.WriteStartObject();
        json.WriteStartArray("none"u8);
        json.WriteEndArray();
        json.WriteStartArray("two"u8);
        json.WriteStartObject();
        json.WriteNumber("smallest"u8, int.MinValue);
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("object"u8);
        json.WriteString("a"u8, new string('x', 5000));
        json.WriteNumber("b"u8, 7);
        json.WriteEndObject();
        json.WriteEndObject();

        var text = Encoding.UTF8.GetString(json.ToArray());
        Assert.StartsWith("""{"none":[],"two":[{"smallest":-2147483648},{}],"object":{"a":"xxx""", text, StringComparison.Ordinal);
        Assert.EndsWith("""x","b":7}}""", text, StringComparison.Ordinal);
        JsonDocument.Parse(text).Dispose();
    }
}
