using System.Text.Json;

namespace CniTun.Architecture.Tests;

public sealed class ReadmeTests
{
    public static TheoryData<string> Commands() =>
    [
        .. Repository.Files("docs", "*.md").Prepend("README.md").Append("manifests/host/README.md")
            .SelectMany(page => ReadmeCommands.In(Repository.Read(page)))
            .Distinct(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_in_README_and_docs_runs(string command) => Assert.Null(ReadmeCommands.Fault(command));

    [Fact]
    public void README_tells_how_to_try_and_how_to_install()
    {
        var commands = ReadmeCommands.In(Repository.Read("README.md"));
        Assert.Subset(commands.ToHashSet(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal) { "sudo make demo", "sudo make test", "sudo hack/install-host.sh" });
    }

    [KernelFact]
    public void The_demo_succeeds()
    {
        var answer = Command.Try(
            "bash",
            [Path.Combine(Repository.Root, "hack/demo.sh")],
            new Dictionary<string, string?>(StringComparer.Ordinal),
            timeoutSeconds: 900);

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Error);
        Assert.Contains("left nothing behind", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_of_the_example_is_explained()
    {
        using var example = JsonDocument.Parse(Repository.Read("manifests/host/agent.json"));
        Assert.Subset(
            MarkdownTables.Names(Repository.Read("docs/agent.md"), "Settings").ToHashSet(StringComparer.Ordinal),
            example.RootElement.EnumerateObject().Select(key => key.Name).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_room_is_in_the_table_of_rooms()
    {
        var readme = Repository.Read("README.md");
        Assert.All(
            Repository.Files("src", "*.csproj").Concat(Repository.Files("cmd", "*.csproj")),
            path => Assert.Contains($"| `{Path.GetDirectoryName(path)}` |", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_lines_of_sh_blocks_are_commands() =>
        Assert.Equal(
            ["make one", "make two"],
            ReadmeCommands.In("text\n```sh\nmake one\n# a remark\n\nmake two\n```\n```\nnot this\n```\n```console\nnor this\n```\nnor that\n"));

    [Theory]
    [InlineData("make no-such-target")]
    [InlineData("sudo hack/install-host.sh --no-such-option")]
    [InlineData("curl example")]
    public void A_command_that_does_not_run_is_a_fault(string command) => Assert.NotNull(ReadmeCommands.Fault(command));
}
