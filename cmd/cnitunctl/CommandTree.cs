using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace CniTun.Ctl;

/// <summary>All verbs of <c>cnitunctl</c>, each of which has a file of its own.</summary>
internal static class CommandTree
{
    private const int UsageError = 2;

    /// <summary>Does what the command line says.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> words, TextWriter output, TextWriter errors)
    {
        var line = CreateRoot().Parse(words);
        if (line.Action is not ParseErrorAction mistake)
        {
            return await line.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
        }

        // What was probably meant belongs to the complaint: standard output is for programs.
        mistake.ShowHelp = false;
        await using var complaint = new StringWriter();
        await line.InvokeAsync(new InvocationConfiguration { Output = complaint, Error = complaint });
        var sentences = complaint.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        await errors.WriteLineAsync($"cnitunctl: {string.Join("\n  ", sentences)}\nsee cnitunctl --help");
        return UsageError;
    }

    private static RootCommand CreateRoot()
    {
        var root = new RootCommand("""
            Shows what CniTun does on this node.

            Exit codes: 0 if all could be shown, 1 if the tunnel does not answer or leases cannot be read (the rest is
            shown all the same), 2 for a mistake in the options.
            """)
        {
            StatusCommand.Create(),
            CompletionCommand.Create(),
        };
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        var help = root.Options.OfType<HelpOption>().Single();
        foreach (var windows in help.Aliases.Where(alias => alias[0] == '/').ToList())
        {
            help.Aliases.Remove(windows);
        }

        return root;
    }

    /// <summary>Without the commit that the library would add.</summary>
    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"cnitunctl {typeof(PrintVersion).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
            return 0;
        }
    }
}
