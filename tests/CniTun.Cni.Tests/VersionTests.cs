using System.Text;
using System.Text.Json;

namespace CniTun.Cni.Tests;

public sealed class VersionTests
{
    public static TheoryData<string> Supported => [.. CniVersions.Supported];

    [Fact]
    public void Version_answers_in_the_form_of_the_specification() =>
        Snapshot.Match(Call.WithVersion("0.4.0", "VERSION").RunToSuccess());

    [Theory]
    [InlineData("""{"cniVersion":"0.1.0"}""", "0.1.0")]
    [InlineData("""{"cniVersion":"1.0.0"}""", "1.0.0")]
    [InlineData("""{"cniVersion":"9.9.9"}""", "9.9.9")]
    [InlineData("""{"cniVersion":"<\"é\">"}""", "<\"é\">")]
    [InlineData("{}", "0.1.0")]
    [InlineData("", "1.1.0")]
    public void Version_echoes_the_version_that_was_asked_in(string input, string echo)
    {
        var call = Call.WithInput(input, "VERSION");

        using var answer = JsonDocument.Parse(call.RunToSuccess());

        Assert.Equal(echo, answer.RootElement.GetProperty("cniVersion").GetString());
        Assert.Equal(
            ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
            answer.RootElement.GetProperty("supportedVersions").EnumerateArray().Select(version => version.GetString()));
        Assert.Empty(call.Commands.Requests);
    }

    [Fact]
    public void Version_needs_no_other_variable()
    {
        var call = new Call("VERSION");
        call.Environment.Clear();
        call.Environment["CNI_COMMAND"] = "VERSION";

        call.RunToSuccess();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"cniVersion":1}""")]
    public void Version_of_something_malformed_is_error_6(string input) =>
        Call.WithInput(input, "VERSION").RunToFailure(CniErrorCode.DecodingFailure);

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_supported_version_reaches_the_command_and_comes_back_in_the_result(string version)
    {
        var call = Call.WithVersion(version);

        using var result = JsonDocument.Parse(call.RunToSuccess());

        Assert.Equal(version, result.RootElement.GetProperty("cniVersion").GetString());
        Assert.Equal(version, Assert.Single(call.Commands.Requests).Version.Text());
    }

    [Theory]
    [InlineData("0.0.1")]
    [InlineData("9.9.9")]
    [InlineData("1.1")]
    [InlineData("1.1.0 ")]
    public void Any_other_version_is_error_1_and_the_details_list_what_is_supported(string version)
    {
        foreach (var command in new[] { "ADD", "DEL", "CHECK" })
        {
            var call = Call.WithVersion(version, command);

            var error = call.RunToFailure(CniErrorCode.IncompatibleVersion);

            Assert.Contains($"'{version}'", error.Msg, StringComparison.Ordinal);
            Assert.Contains("0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0", error.Details, StringComparison.Ordinal);
            Assert.Equal("1.1.0", error.CniVersion);
            Assert.Empty(call.Commands.Requests);
        }
    }

    [Fact]
    public void A_configuration_without_a_version_is_one_of_0_1_0()
    {
        using var result = JsonDocument.Parse(Call.WithInput("""{"name":"net","type":"cnitun"}""").RunToSuccess());

        Assert.Equal("0.1.0", result.RootElement.GetProperty("cniVersion").GetString());
    }

    [Theory]
    [InlineData("GC", "1.0.0")]
    [InlineData("STATUS", "1.0.0")]
    [InlineData("GC", "0.1.0")]
    [InlineData("CHECK", "0.2.0")]
    public void A_command_that_came_later_is_error_1_in_the_version_that_was_spoken(string command, string version)
    {
        var error = Call.WithVersion(version, command).RunToFailure(CniErrorCode.IncompatibleVersion);

        Assert.Equal(version, error.CniVersion);
        Assert.Contains(command, error.Msg, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GC")]
    [InlineData("STATUS")]
    public void A_command_that_is_of_no_container_needs_no_variable_of_one(string command)
    {
        var call = new Call(command);
        call.Environment.Clear();
        call.Environment["CNI_COMMAND"] = command;

        Assert.Empty(call.RunToSuccess());
        Assert.Equal(command, Assert.Single(call.Commands.Requests).Arguments.Command.Text());
    }

    [Theory]
    [InlineData("0.3.0")]
    [InlineData("0.3.1")]
    public void Check_before_0_4_0_is_error_1_in_the_version_that_was_spoken(string version)
    {
        var call = Call.WithVersion(version, "CHECK");

        var error = call.RunToFailure(CniErrorCode.IncompatibleVersion);

        Assert.Equal(version, error.CniVersion);
        Assert.Empty(call.Commands.Requests);
    }

    [Theory]
    [MemberData(nameof(Supported))]
    public void A_failed_command_answers_in_the_version_that_was_spoken(string version)
    {
        var call = Call.WithVersion(version);
        var failing = new Call
        {
            Commands = new FakeCommands { Failure = new CniException(CniErrorCode.TryAgainLater, "no", "wait") },
            Input = call.Input,
        };

        Assert.Equal(version, failing.RunToFailure(CniErrorCode.TryAgainLater).CniVersion);
    }

    [Fact]
    public void The_newest_version_is_the_last_one_supported()
    {
        Assert.Equal(CniVersions.Supported[^1], CniVersions.Newest.Text());
        Assert.Equal(Enum.GetValues<CniVersion>().Select(version => version.Text()), CniVersions.Supported);
        Assert.False(CniVersions.TryParse(null, out _));
    }

    [Fact]
    public void The_version_is_read_wherever_it_stands_and_however_it_is_escaped()
    {
        var call = Call.WithInput("""{"a":{"cniVersion":"0.3.0","name":"inner"},"name":"n\u0065t","\u0063niVersion":"1.0.0","z":[[{}]]}""");

        call.RunToSuccess();

        var request = Assert.Single(call.Commands.Requests);
        Assert.Equal(CniVersion.V1_0_0, request.Version);
        Assert.Equal("net", request.NetworkName);
        Assert.StartsWith("""{"a":""", Encoding.UTF8.GetString(request.Configuration.Span), StringComparison.Ordinal);
    }
}
