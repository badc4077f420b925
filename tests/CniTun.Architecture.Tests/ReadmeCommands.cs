namespace CniTun.Architecture.Tests;

/// <summary>The commands that README tells people to type: the lines of its <c>sh</c> blocks.</summary>
internal static class ReadmeCommands
{
    /// <summary>Lists them, in order. What shows output or a picture is in blocks of another kind.</summary>
    public static IReadOnlyList<string> In(string markdown)
    {
        var commands = new List<string>();
        var inside = false;
        foreach (var line in markdown.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inside = !inside && line == "```sh";
            }
            else if (inside && line.Length > 0 && line[0] != '#')
            {
                commands.Add(line);
            }
        }

        return commands;
    }

    /// <summary>Runs a command as far as a test can, and says what went wrong, or null.</summary>
    /// <remarks>
    /// The whole of the demo runs in a test of its own. What would run this very test is checked to be a target whose
    /// script parses. What would change the host is told to work below a temporary directory. Anything else is a fault:
    /// whoever writes a new command into README says here how it is tried.
    /// </remarks>
    public static string? Fault(string command)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        words = words is ["sudo", ..] ? words[1..] : words;
        return words switch
        {
            ["make", "help" or "build"] => Run(words, []),
            ["make", var target] => Run(["make", "--dry-run", target], []) ?? Run(["bash", "-n", $"hack/{target}.sh"], []),
            ["hack/install-host.sh", ..] => RunBelowTemporaryRoot(words),
            _ => $"README says `{command}`, and no test knows how to try that",
        };
    }

    // Removal is tried on an installation.
    private static string? RunBelowTemporaryRoot(string[] words)
    {
        var root = Directory.CreateTempSubdirectory("cnitun-readme-").FullName;
        try
        {
            var destination = new Dictionary<string, string?>(StringComparer.Ordinal) { ["DESTDIR"] = root };
            return Run([words[0]], destination) ?? (words.Length == 1 ? null : Run(words, destination));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static string? Run(string[] words, Dictionary<string, string?> environment)
    {
        environment["MAKEFLAGS"] = null;
        environment["MAKELEVEL"] = null;
        var answer = Command.Try(
            "env", ["--chdir", Repository.Root, .. words], environment, timeoutSeconds: 900);
        return answer.ExitCode == 0 ? null : $"{string.Join(' ', words)} exited with {answer.ExitCode}: {answer.Error}{answer.Output}";
    }
}
