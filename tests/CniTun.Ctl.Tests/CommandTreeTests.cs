namespace CniTun.Ctl.Tests;

public sealed class CommandTreeTests
{
    private static readonly string[] Program = [Environment.ProcessPath!, typeof(CommandTree).Assembly.Location];

    [Theory]
    [InlineData("Required command was not provided.")]
    [InlineData("Did you mean one of the following?\n  status\n", "stats")]
    [InlineData("Unrecognized command or argument 'stats'.", "stats")]
    [InlineData("Unrecognized command or argument '--yaml'.", "status", "--yaml")]
    [InlineData("Did you mean one of the following?\n  --json\n", "status", "--jsno")]
    [InlineData("Unrecognized command or argument 'yes'.", "status", "--json=yes")]
    [InlineData("Required argument missing for option: '--socket'.", "status", "--socket")]
    [InlineData("--data-dir 'x': not an absolute path", "status", "--data-dir=x")]
    [InlineData("Argument 'fish' not recognized.", "completion", "fish")]
    public async Task A_mistake_in_usage_is_named_with_what_was_probably_meant_and_the_exit_code_is_2(string complaint, params string[] words)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();

        Assert.Equal(2, await CommandTree.RunAsync(words, output, errors));

        Assert.Empty(output.ToString());
        Assert.StartsWith("cnitunctl: ", errors.ToString(), StringComparison.Ordinal);
        Assert.Contains(complaint, errors.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("see cnitunctl --help\n", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_tells_all() =>
        Snapshot.Match(string.Concat(new string[][] { ["--help"], ["status", "--help"], ["completion", "-h"] }.Select(words => Run(words))));

    [Fact]
    public void Version_is_name_and_number() => Assert.Matches("^cnitunctl [0-9]+[.][0-9]+[.][0-9]+\n$", Run("--version"));

    [Theory]
    [InlineData("status", "cnitunctl sta")]
    [InlineData("--json", "cnitunctl status --j")]
    [InlineData("bash", "cnitunctl completion b")]
    [InlineData("", "cnitunctl status --socket /x")]
    public void Bash_completes_verbs_options_and_their_values(string expected, string line)
    {
        const string Script = """
            dotnet=$1 dll=$2 COMP_LINE=$3
            shift 3
            cnitunctl() { "$dotnet" "$dll" "$@"; }
            eval "$(cnitunctl completion bash)"
            COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _cnitunctl
            echo "${COMPREPLY[*]-}"
            """;
        var answer = Command.Run("bash", [
            "-euc", Script, "test", .. Program, line, .. line.Split(' ')]);

        Assert.Equal(expected, answer.TrimEnd());
    }

    [Fact]
    public void The_script_for_zsh_asks_in_the_same_way() => Snapshot.Match(Run("completion", "zsh"));

    private static string Run(params string[] words) => Command.Run(Program[0], [Program[1], .. words]);
}
