using System.Text;
using System.Text.Json;

namespace CniTun.Cni.Tests;

/// <summary>One call of the plugin as a runtime makes it, right in every way that the test does not change.</summary>
internal sealed class Call
{
    public const string GoodConfiguration = """{"cniVersion":"1.1.0","name":"net","type":"cnitun"}""";

    public Call(string command = "ADD") => Environment["CNI_COMMAND"] = command;

    public FakeCommands Commands { get; init; } = new();

    public Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal)
    {
        ["CNI_CONTAINERID"] = "pod-1",
        ["CNI_NETNS"] = "/run/netns/pod-1",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_ARGS"] = "IgnoreUnknown=1",
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    public ReadOnlyMemory<byte> Input { get; set; } = Encoding.UTF8.GetBytes(GoodConfiguration);

    public bool InputWasRead { get; private set; }

    public static Call With(string variable, string? value, string command = "ADD") => new(command) { Environment = { [variable] = value } };

    public static Call WithVersion(string version, string command = "ADD") =>
        new(command) { Input = Encoding.UTF8.GetBytes(GoodConfiguration.Replace("1.1.0", version, StringComparison.Ordinal)) };

    public static Call WithInput(string input, string command = "ADD") => new(command) { Input = Encoding.UTF8.GetBytes(input) };

    public CniAnswer Run() => new Dispatcher(Commands).Run(
        name => Environment.GetValueOrDefault(name),
        () =>
        {
            InputWasRead = true;
            return Input;
        });

    /// <summary>Fails the test unless the call succeeds; returns its output.</summary>
    public string RunToSuccess()
    {
        var answer = Run();
        var output = Encoding.UTF8.GetString(answer.Output.Span);
        Assert.True(answer.ExitCode == 0, output);
        return output;
    }

    /// <summary>Fails the test unless the call fails with one JSON object that has all keys of an error.</summary>
    public ErrorAnswer RunToFailure()
    {
        var answer = Run();
        Assert.Equal(1, answer.ExitCode);
        using var document = JsonDocument.Parse(answer.Output);
        Assert.Equal(["cniVersion", "code", "msg", "details"], document.RootElement.EnumerateObject().Select(key => key.Name));
        var error = document.RootElement;
        return new ErrorAnswer(
            error.GetProperty("cniVersion").GetString()!,
            error.GetProperty("code").GetInt32(),
            error.GetProperty("msg").GetString()!,
            error.GetProperty("details").GetString()!);
    }

    /// <summary>Fails the test unless the call fails with this code.</summary>
    public ErrorAnswer RunToFailure(CniErrorCode code)
    {
        var error = RunToFailure();
        Assert.True(error.Code == (int)code, $"code {error.Code}: {error.Msg}");
        return error;
    }
}

/// <summary>What a call that failed said.</summary>
internal sealed record ErrorAnswer(string CniVersion, int Code, string Msg, string Details);
