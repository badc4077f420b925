using System.Text;

namespace CniTun.Addresses.Tests;

public sealed class JsonCursorTests
{
    private static readonly byte[] Valid = Encoding.UTF8.GetBytes(
        """{"text":"n\u0065t\n\"é\"","Flag":true,"NUMBER":1450,"address":"10.1.0.1","prefix":"fd00::/64","texts":["a","b"],"other":[{"x":[null,1.5e3]}],"inner":{"text":"x"}}""");

    [Fact]
    public void Keys_are_read_in_any_case_and_others_are_passed_over()
    {
        var all = Read(Valid);

        Assert.Equal("net\n\"é\" True 1450 10.1.0.1 fd00::/64 a,b x", all);
    }

    [Theory]
    [InlineData("""{"number":1,"Number":2}""", "2")]
    [InlineData("""{"Number":2,"number":1}""", "1")]
    [InlineData("""{"number":1,"NUMBER":null}""", "1")]
    [InlineData("""{"other":{"number":1},"number":null}""", "")]
    [InlineData("""{"texts":["a"],"Texts":["b","c"]}""", "b,c")]
    [InlineData("""{"texts":["a"],"texts":null}""", "")]
    [InlineData("""{"inner":{"text":"x"},"INNER":{}}""", "x")]
    [InlineData("""{"address":"10.1.0.1","address":""}""", "")]
    public void Each_occurrence_of_a_key_is_assigned_in_turn(string json, string left) =>
        Assert.Equal(left, Read(Encoding.UTF8.GetBytes(json)).Replace("False", string.Empty, StringComparison.Ordinal).Trim());

    [Theory]
    [InlineData("""{"text":5}""", "the text: $.text is not a text in quotes")]
    [InlineData("""{"Flag":"true"}""", "the text: $.Flag is not true or false")]
    [InlineData("""{"number":1.5}""", "the text: $.number is not a whole number from 0 to 2147483647")]
    [InlineData("""{"number":-1}""", "the text: $.number is not a whole number from 0 to 2147483647")]
    [InlineData("""{"address":"x"}""", "the text: $.address is 'x' and not an IP address")]
    [InlineData("""{"texts":["a",{}]}""", "the text: $.texts[1] is not a text in quotes")]
    [InlineData("""{"inner":{"text":[]}}""", "the text: $.inner.text is not a text in quotes")]
    [InlineData("""{"text":"\ud800"}""", "the text: $.text is not UTF-8")]
    [InlineData("""{} {}""", "the text is not valid JSON (line 1, byte 4)")]
    [InlineData("""{"text":}""", "the text is not valid JSON (line 1, byte 9)")]
    [InlineData("[]", "the text: $ is not an object")]
    [InlineData("", "the text is not valid JSON (line 1, byte 1)")]
    public void A_wrong_value_is_named_by_its_place(string json, string message) =>
        Assert.Equal(message, Assert.Throws<JsonFormException>(() => Read(Encoding.UTF8.GetBytes(json))).Message);

    [Fact]
    public void Nothing_makes_it_throw_anything_else()
    {
        var random = new Random(20261126);
        var read = 0;
        for (var round = 0; round < 100_000; round++)
        {
            var input = Valid.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                input[random.Next(input.Length)] = random.Next(2) == 0 ? "\"{}[],:0-9eE\\un\0"u8[random.Next(16)] : (byte)random.Next(256);
            }

            try
            {
                Read(random.Next(4) == 0 ? input.AsSpan(0, random.Next(input.Length)) : input);
                read++;
            }
            catch (JsonFormException wrong)
            {
                Assert.StartsWith("the text", wrong.Message, StringComparison.Ordinal);
            }
        }

        Assert.InRange(read, 1000, 99_000);
    }

    private static string Read(ReadOnlySpan<byte> content)
    {
        string? text = null;
        string? inner = null;
        var flag = false;
        int? number = null;
        IpAddress? address = null;
        Cidr? prefix = null;
        IReadOnlyList<string>? texts = null;
        var json = new JsonCursor(content, "the text");
        json.BeginObject();
        while (json.NextKey())
        {
            if (json.Has("inner"))
            {
                json.BeginObject();
                while (json.NextKey())
                {
                    json.Text("text", ref inner);
                }
            }

            _ = json.Text("text", ref text)
                || json.Flag("flag", ref flag)
                || json.Number("number", ref number)
                || json.Address("address", ref address)
                || json.Prefix("prefix", ref prefix)
                || json.Texts("texts", ref texts);
        }

        json.End();
        return $"{text} {flag} {number} {address} {prefix} {string.Join(',', texts ?? [])} {inner}";
    }
}
