namespace CniTun.Agent.Settings;

/// <summary>What the agent's command line asks for.</summary>
public enum Verb
{
    Run,
    ShowKey,
    Help,
    Version,
}

/// <summary>The agent's command line: a verb, the config file, and flags that win over it.</summary>
/// <remarks>
/// Written by hand over <see cref="SettingTable"/>, so that file and flags cannot drift apart, and because the usual library adds 1.5 MB
/// to a binary.
/// </remarks>
public sealed class CommandLine
{
    private readonly List<(Setting Setting, string Value)> flags = [];
    private string? configFile;

    private CommandLine()
    {
    }

    public Verb Verb { get; private set; }

    /// <summary>Gets the text of <c>--help</c>.</summary>
    public static string Help { get; } = MakeHelp();

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="AgentException">A flag that we do not know, a value that is missing or wrong: a mistake in usage (exit code 2).</exception>
    public static CommandLine Parse(ReadOnlySpan<string> arguments)
    {
        var line = new CommandLine();
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--help" or "-h":
                    line.Verb = Verb.Help;
                    return line;
                case "--version":
                    line.Verb = Verb.Version;
                    return line;
                case "show-key" when line.Verb == Verb.Run:
                    line.Verb = Verb.ShowKey;
                    break;
                case var flag when flag.StartsWith("--", StringComparison.Ordinal):
                    i += line.AddFlag(flag, i + 1 < arguments.Length ? arguments[i + 1] : null);
                    break;
                case var other:
                    throw new AgentException($"unexpected argument '{other}'");
            }
        }

        return line;
    }

    /// <summary>Reads the config file, if one is named, and lays the flags over it.</summary>
    /// <exception cref="AgentException">Names the file and key.</exception>
    public AgentSettings ReadSettings()
    {
        var settings = new AgentSettings();
        if (configFile is not null)
        {
            settings = SettingsFile.Apply(settings, configFile);
        }

        foreach (var (setting, value) in flags)
        {
            settings = setting.Apply(settings, value);
        }

        return settings;
    }

    /// <summary>Takes "--flag value" or "--flag=value".</summary>
    /// <returns>How many further arguments were used: 0 or 1.</returns>
    private int AddFlag(string argument, string? next)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? argument : argument[..equals];
        var setting = SettingTable.All.FirstOrDefault(setting => setting.Flag == name);
        if (setting is null && name != "--config")
        {
            throw new AgentException($"unknown option '{name}'");
        }

        var value = (equals < 0 ? next : argument[(equals + 1)..]) ?? throw new AgentException($"{name} needs a value");
        if (setting is null)
        {
            configFile = value;
        }
        else
        {
            Judge(setting, value);
            flags.Add((setting, value));
        }

        return equals < 0 ? 1 : 0;
    }

    private static void Judge(Setting setting, string value)
    {
        try
        {
            setting.Apply(new AgentSettings(), value);
        }
        catch (AgentException e)
        {
            throw new AgentException($"{setting.Flag}: {e.Message}");
        }
    }

    private static string MakeHelp()
    {
        var options = SettingTable.All.Select(setting => ($"{setting.Flag} {setting.ValueName}", setting.Help));
        return $"""
            Keeps this node as the peers file says: configures the tunnel, makes routes to the pods of other nodes, and
            writes the CNI config once pods can be connected.

            Usage:
              cnitun-agent [OPTIONS]            runs until SIGTERM; what it made stays
              cnitun-agent show-key [OPTIONS]   prints this node's public key, making the key pair if it is missing

            Options:
            {Rows([("--config FILE", "a JSON object of settings; the options below win over it"), .. options, ("--version", "prints the version"), ("--help", "prints this")])}

            Each option is also a key of the config file: --listen-port 6080 is "listenPort": 6080.
            Exit codes: 0 after SIGTERM or SIGINT, 1 if the node cannot be served, 2 for a mistake in the options.

            """;
    }

    private static string Rows(IReadOnlyList<(string Option, string Help)> rows)
    {
        var width = rows.Max(row => row.Option.Length) + 2;
        return string.Join('\n', rows.Select(row => $"  {row.Option.PadRight(width)}{row.Help}"));
    }
}
