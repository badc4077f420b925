namespace CniTun.Ctl;

internal enum Verb
{
    Status,
    Help,
    Version,
}

/// <summary>What the command line asks for.</summary>
internal sealed record Arguments
{
    public const string Usage = """
        Shows what CniTun does on this node.

        Usage:
          cnitunctl status [OPTIONS]   the tunnel's peers and drops, and the pods' addresses

        Options of status:
          --json           for programs: everything, byte counts and all counters exact
          --socket PATH    the tunnel's unix socket (/var/run/wireguard/cnitun-tun0.sock)
          --data-dir DIR   where the plugin keeps leases (/run/cnitun)

          --version        prints the version
          --help           prints this

        Exit codes: 0 if all could be shown, 1 if the tunnel does not answer or leases cannot be read (the rest is
        shown all the same), 2 for a mistake in the options.

        """;

    public Verb Verb { get; init; }

    public bool Json { get; init; }

    public string Socket { get; init; } = "/var/run/wireguard/cnitun-tun0.sock";

    public string DataDir { get; init; } = "/run/cnitun";

    /// <summary>Reads the verb and its options: "--flag value" or "--flag=value".</summary>
    /// <returns>What is wrong, in words for the operator; null if nothing is.</returns>
    public static string? TryParse(IReadOnlyList<string> words, out Arguments arguments)
    {
        arguments = new Arguments();
        if (words.Any(word => word is "--help" or "-h"))
        {
            arguments = arguments with { Verb = Verb.Help };
            return null;
        }

        if (words.Contains("--version", StringComparer.Ordinal))
        {
            arguments = arguments with { Verb = Verb.Version };
            return null;
        }

        if (words is not ["status", ..])
        {
            return words.Count == 0 ? "say what to show: status" : $"unknown command '{words[0]}'";
        }

        for (var i = 1; i < words.Count; i++)
        {
            var equals = words[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? words[i] : words[i][..equals];
            if (words[i] == "--json")
            {
                arguments = arguments with { Json = true };
                continue;
            }

            if (flag is not ("--socket" or "--data-dir"))
            {
                return $"unknown option '{words[i]}'";
            }

            if (equals < 0 && i + 1 == words.Count)
            {
                return $"{flag} needs a value";
            }

            var value = equals < 0 ? words[++i] : words[i][(equals + 1)..];
            if (!Path.IsPathFullyQualified(value))
            {
                return $"{flag} '{value}': not an absolute path";
            }

            arguments = flag == "--socket" ? arguments with { Socket = value } : arguments with { DataDir = value };
        }

        return null;
    }
}
