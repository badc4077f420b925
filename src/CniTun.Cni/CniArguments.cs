using System.Text;
using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>The environment variables of one call, checked: what is here has passed the rules of the specification.</summary>
public sealed class CniArguments
{
    /// <summary>Both name a file, with a colon between.</summary>
    private const int LongestNames = 254;

    private static readonly string[] FlagValues = ["1", "true", "0", "false"];

    public required CniCommand Command { get; init; }

    /// <summary>Gets CNI_CONTAINERID: a letter or digit, then letters, digits, '_', '.', '-'. Empty for VERSION, GC and STATUS.</summary>
    public string ContainerId { get; init; } = string.Empty;

    /// <summary>Gets CNI_NETNS: the file of the container's network namespace. Empty for VERSION, GC and STATUS, and for a DEL whose sandbox is gone.</summary>
    public string NetworkNamespace { get; init; } = string.Empty;

    /// <summary>Gets CNI_IFNAME: 1 to 15 bytes without '/', ':' or white space. Empty for VERSION, GC and STATUS.</summary>
    public string InterfaceName { get; init; } = string.Empty;

    /// <summary>Gets CNI_ARGS: KEY=VALUE pairs, the last of a key wins.</summary>
    public IReadOnlyDictionary<string, string> Extra { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets CNI_ARGS as it came, for plugins that we delegate to.</summary>
    public string ExtraText { get; init; } = string.Empty;

    /// <summary>Gets TRACEPARENT as it came; empty if it is not set, or is nothing that a trace context could be.</summary>
    public string TraceParent { get; init; } = string.Empty;

    /// <summary>Gets CNI_PATH: where delegated plugins are looked for, in order.</summary>
    public IReadOnlyList<string> PluginDirectories { get; init; } = [];

    /// <summary>Reads the variables that the command needs.</summary>
    /// <param name="getVariable">Gets a variable, or null if it is not set.</param>
    /// <exception cref="CniException">Code 4; the message names the variable.</exception>
    public static CniArguments Read(Func<string, string?> getVariable)
    {
        var command = ReadCommand(getVariable("CNI_COMMAND"));
        var directories = (getVariable("CNI_PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (!command.IsOfAttachment())
        {
            return new CniArguments { Command = command, PluginDirectories = directories, TraceParent = ReadTraceParent(getVariable) };
        }

        var arguments = new CniArguments
        {
            Command = command,
            PluginDirectories = directories,

            // What cannot work keeps nobody from cleaning up.
            Extra = command == CniCommand.Del ? new Dictionary<string, string>(StringComparer.Ordinal) : ReadExtra(getVariable("CNI_ARGS")),
            ExtraText = getVariable("CNI_ARGS") ?? string.Empty,
            TraceParent = ReadTraceParent(getVariable),
            ContainerId = getVariable("CNI_CONTAINERID") ?? string.Empty,
            InterfaceName = getVariable("CNI_IFNAME") ?? string.Empty,
            NetworkNamespace = getVariable("CNI_NETNS") ?? string.Empty,
        };
        arguments.CheckPresent();
        CheckContainerId(arguments.ContainerId);
        if (!Addresses.InterfaceName.IsValidForNew(arguments.InterfaceName))
        {
            throw Invalid($"CNI_IFNAME '{arguments.InterfaceName}' is not an interface name", "it has at most 15 bytes and no '/', ':', '%' or white space");
        }

        var bytes = arguments.ContainerId.Length + Encoding.UTF8.GetByteCount(arguments.InterfaceName);
        return bytes <= LongestNames || command == CniCommand.Del
            ? arguments
            : throw Invalid($"CNI_CONTAINERID has {arguments.ContainerId.Length} characters", $"with CNI_IFNAME it may have {LongestNames} at most");
    }

    /// <summary>Tells whether a text may name a container or a network: it can then also name a file.</summary>
    public static bool IsIdentifier(string text) =>
        text.Length > 0
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    /// <summary>Reads version, trace id, parent id and flags: hexadecimal with dashes between, 55 characters in the version of today.</summary>
    private static string ReadTraceParent(Func<string, string?> getVariable) =>
        getVariable("TRACEPARENT") is { Length: > 0 and <= 128 } text && text.All(c => char.IsAsciiHexDigit(c) || c == '-') ? text : string.Empty;

    private static CniCommand ReadCommand(string? text) =>
        CniCommands.TryParse(text, out var command) ? command
        : string.IsNullOrEmpty(text) ? throw Invalid("CNI_COMMAND is not set", "set it to ADD, DEL, CHECK, GC, STATUS or VERSION; a container runtime does")
        : throw Invalid($"CNI_COMMAND is '{text}'", "known commands are ADD, DEL, CHECK, GC, STATUS and VERSION");

    /// <summary>Reads "KEY=VALUE;KEY=VALUE". Keys that we do not know are for others.</summary>
    private static Dictionary<string, string> ReadExtra(string? text)
    {
        var extra = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in (text ?? string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Invalid($"CNI_ARGS holds '{pair}'", "write KEY=VALUE, with ';' between two of them");
            }

            extra[pair[..equals]] = pair[(equals + 1)..];
        }

        return !extra.TryGetValue("IgnoreUnknown", out var flag) || Array.Exists(FlagValues, value => Ascii.EqualsIgnoreCase(value, flag))
            ? extra
            : throw Invalid($"CNI_ARGS holds 'IgnoreUnknown={flag}'", "its values are 1, true, 0 and false");
    }

    private static void CheckContainerId(string text)
    {
        if (!IsIdentifier(text))
        {
            throw Invalid(
                $"CNI_CONTAINERID '{text}' is not a container id",
                "it begins with a letter or digit and goes on with letters, digits, '_', '.' and '-'");
        }
    }

    private static CniException Invalid(string message, string details) => new(CniErrorCode.InvalidEnvironment, message, details);

    private void CheckPresent()
    {
        string[] missing =
        [
            .. ContainerId.Length == 0 ? ["CNI_CONTAINERID"] : (string[])[],
            .. NetworkNamespace.Length == 0 && Command != CniCommand.Del ? ["CNI_NETNS"] : (string[])[],
            .. InterfaceName.Length == 0 ? ["CNI_IFNAME"] : (string[])[],
        ];
        if (missing.Length > 0)
        {
            throw Invalid($"{string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} not set", $"{Command.Text()} needs {(missing.Length == 1 ? "it" : "them")}");
        }
    }
}
