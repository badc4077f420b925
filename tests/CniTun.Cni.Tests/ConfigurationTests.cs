using System.Text;

namespace CniTun.Cni.Tests;

public sealed class ConfigurationTests
{
    public static TheoryData<string> Malformed =>
    [
        string.Empty,
        " \n",
        "{",
        """{"cniVersion":"1.1.0","name":"net" """,
        """{"cniVersion":"1.1.0","name":"ne""",
        """{"cniVersion":"1.1.0","name":"net"}}""",
        """{"cniVersion":"1.1.0","name":"net"} x""",
        """{"cniVersion":"1.1.0","name":"net"}{}""",
        """{"cniVersion":"1.1.0","name":"net",}""",
        """{"cniVersion":"1.1.0","name":"net"/* no */}""",
        """[{"cniVersion":"1.1.0","name":"net"}]""",
        "null",
        "\"text\"",
        "1.1",
        "nonsense",
        "\0",
        "{\"cniVersion\":\"1.1.0\",\"name\":\"ne\0t\"}",
        "\0{\"cniVersion\":\"1.1.0\",\"name\":\"net\"}",
        "{\"cniVersion\":\"1.1.0\",\"name\":\"net\"}\0",
        "\uFEFF{\"cniVersion\":\"1.1.0\",\"name\":\"net\"}",
        $"{{\"cniVersion\":\"1.1.0\",\"name\":\"net\",\"deep\":{new string('[', 100_000)}{new string(']', 100_000)}}}",
        """{"cniVersion":1.1,"name":"net"}""",
        """{"cniVersion":"1.1.0","name":["net"]}""",
        """{"cniVersion":"1.1.0","name":{"name":"net"}}""",
        """{"cniVersion":"1.1.0","name":"\ud800"}""",
        """{"cniVersion":"\udc00\ud800","name":"net"}""",
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_is_not_one_JSON_object_of_the_right_form_is_error_6(string input)
    {
        foreach (var command in new[] { "ADD", "DEL", "CHECK" })
        {
            var call = Call.WithInput(input, command);

            var error = call.RunToFailure(CniErrorCode.DecodingFailure);

            Assert.NotEmpty(error.Details);
            Assert.Empty(call.Commands.Requests);
        }
    }

    [Theory]
    [InlineData("name")]
    [InlineData("cniVersion")]
    public void A_value_that_is_not_UTF8_is_error_6(string key)
    {
        var input = Encoding.Latin1.GetBytes($"{{\"{key}\":\"n\u00ff\u00fet\"}}");

        var error = new Call { Input = input }.RunToFailure(CniErrorCode.DecodingFailure);

        Assert.Contains("is not UTF-8", error.Msg, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_valid_text_is_never_a_bug()
    {
        foreach (var key in new[] { "\u00ff", @"\ud800", @"\ud800niVersion", @"n\udc00me", @"cniVersio\ud83d" })
        {
            var call = new Call { Input = Encoding.Latin1.GetBytes($"{{\"{key}\":1,\"cniVersion\":\"1.1.0\",\"name\":\"net\"}}") };

            var answer = call.Run();

            Assert.True(
                answer.ExitCode == 0 || call.RunToFailure().Code == (int)CniErrorCode.DecodingFailure,
                Encoding.UTF8.GetString(answer.Output.Span));
        }
    }

    [Fact]
    public void The_place_of_the_mistake_is_told()
    {
        var error = Call.WithInput("{\n  \"name\": \"net\",\n  \"mtu\": 01\n}").RunToFailure(CniErrorCode.DecodingFailure);

        Assert.Contains("line 3, byte 11", error.Msg, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n")]
    [InlineData("9net")]
    [InlineData("my-net_1.2")]
    public void A_network_name_of_the_specification_reaches_the_command(string name)
    {
        var call = Call.WithInput($$"""{"cniVersion":"1.1.0","name":"{{name}}"}""");

        call.RunToSuccess();

        Assert.Equal(name, Assert.Single(call.Commands.Requests).NetworkName);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("-net")]
    [InlineData("_net")]
    [InlineData("../../etc")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\\u0000b")]
    [InlineData("nätz")]
    public void Any_other_network_name_is_error_7_in_the_version_that_was_spoken(string name)
    {
        foreach (var command in new[] { "ADD", "DEL", "CHECK" })
        {
            var call = Call.WithInput($$"""{"cniVersion":"0.4.0","name":"{{name}}"}""", command);

            Assert.Equal("0.4.0", call.RunToFailure(CniErrorCode.InvalidNetworkConfig).CniVersion);
            Assert.Empty(call.Commands.Requests);
        }
    }

    [Theory]
    [InlineData("""{"CNIVersion":"0.4.0","NAME":"net"}""")]
    [InlineData("""{"cniVersion":"9","name":"..","cniversion":"0.4.0","Name":"net"}""")]
    [InlineData("""{"Name":"..","name":"net","cniVersion":"0.4.0","cniVersion":null}""")]
    public void Keys_are_read_in_any_case_and_the_last_of_several_wins(string input)
    {
        var call = Call.WithInput(input);

        call.RunToSuccess();

        var request = Assert.Single(call.Commands.Requests);
        Assert.Equal(("net", CniVersion.V0_4_0), (request.NetworkName, request.Version));
    }

    [Fact]
    public void A_missing_network_name_is_error_7()
    {
        var error = Call.WithInput("""{"cniVersion":"1.1.0"}""").RunToFailure(CniErrorCode.InvalidNetworkConfig);

        Assert.Contains("no name", error.Msg, StringComparison.Ordinal);
    }
}
