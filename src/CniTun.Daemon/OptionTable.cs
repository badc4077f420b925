namespace CniTun.Daemon;

/// <summary>All options of a daemon, once: its command line is read off this table, and <c>--help</c> is written off it.</summary>
/// <remarks>By hand, since the usual library would add 0.7 MB to each daemon, and knows no file of settings.</remarks>
/// <param name="introduction">What the help begins with: purpose and usage.</param>
/// <param name="remarks">What it ends with.</param>
/// <param name="verbs">Words that may stand among the options, one at most.</param>
/// <param name="options">In the order of the help.</param>
public sealed class OptionTable<TSettings>(string introduction, string remarks, string[] verbs, params Option<TSettings>[] options)
    where TSettings : new()
{
    public IReadOnlyList<Option<TSettings>> Options => options;

    /// <summary>Gets the text of <c>--help</c>.</summary>
    public string Help
    {
        get
        {
            (string Option, string Help)[] rows =
            [
                .. options.Select(option => ($"{option.Flag} {option.ValueName}".TrimEnd(), option.Help)),
                ("--version", "prints the version"),
                ("--help", "prints this"),
            ];
            var width = rows.Max(row => row.Option.Length);
            return $"{introduction}\n\nOptions:\n{string.Concat(rows.Select(row => $"  {row.Option.PadRight(width)}  {row.Help}\n"))}\n{remarks}\n";
        }
    }

    /// <summary>Reads "--flag value", "--flag=value", switches and a verb; "--help" and "--version" are verbs that end it.</summary>
    /// <exception cref="OperatorException">An option or word that is unknown, a value that is missing or wrong.</exception>
    public CommandLine<TSettings> Parse(ReadOnlySpan<string> arguments)
    {
        string? verb = null;
        var given = new List<(Option<TSettings> Option, string Value)>();
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "-h" or "--help" or "--version":
                    return new CommandLine<TSettings>(arguments[i] == "--version" ? "--version" : "--help", []);
                case var word when verb is null && verbs.Contains(word, StringComparer.Ordinal):
                    verb = word;
                    break;
                case var flag when flag.StartsWith('-'):
                    given.Add(ParseOption(arguments, ref i));
                    break;
                case var other:
                    throw new OperatorException($"unexpected argument '{other}'");
            }
        }

        return new CommandLine<TSettings>(verb, given);
    }

    private (Option<TSettings> Option, string Value) ParseOption(ReadOnlySpan<string> arguments, ref int i)
    {
        var (flag, value) = arguments[i].IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals
            ? (arguments[i][..equals], arguments[i][(equals + 1)..])
            : (arguments[i], null);
        var option = Array.Find(options, option => option.Flag == flag) ?? throw new OperatorException($"unknown option '{flag}'");
        if (option.ValueName is null)
        {
            return value is null ? (option, string.Empty) : throw new OperatorException($"{flag} takes no value");
        }

        value ??= ++i < arguments.Length ? arguments[i] : throw new OperatorException($"{flag} needs a value");
        option.ApplyTo(new TSettings(), value, flag);
        return (option, value);
    }
}

/// <summary>What a command line asks for.</summary>
/// <param name="Verb">One of the table's, "--help" or "--version"; null for none.</param>
/// <param name="Given">The options that it names, each with a value that was found good.</param>
public sealed record CommandLine<TSettings>(string? Verb, IReadOnlyList<(Option<TSettings> Option, string Value)> Given)
{
    /// <summary>Lays the options over settings; the last of two wins.</summary>
    public TSettings Over(TSettings settings) =>
        Given.Aggregate(settings, static (settings, given) => given.Option.ApplyTo(settings, given.Value, given.Option.Flag));
}
