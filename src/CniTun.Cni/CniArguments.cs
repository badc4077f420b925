namespace CniTun.Cni;

/// <summary>The environment variables of one call, checked: what is here has passed the rules of the specification.</summary>
public sealed class CniArguments
{
    private const int LongestInterfaceName = 15;

    public required CniCommand Command { get; init; }

    /// <summary>Gets CNI_CONTAINERID: a letter or digit, then letters, digits, '_', '.', '-'. Empty for VERSION.</summary>
    public string ContainerId { get; init; } = string.Empty;

    /// <summary>Gets CNI_NETNS: the file of the container's network namespace. Empty for VERSION, and for a DEL whose sandbox is gone.</summary>
    public string NetworkNamespace { get; init; } = string.Empty;

    /// <summary>Gets CNI_IFNAME: 1 to 15 bytes without '/', ':' or white space. Empty for VERSION.</summary>
    public string InterfaceName { get; init; } = string.Empty;

    /// <summary>Reads the variables that the command needs.</summary>
    /// <param name="getVariable">Gets a variable, or null if it is not set.</param>
    /// <exception cref="CniException">Code 4; the message names the variable.</exception>
    public static CniArguments Read(Func<string, string?> getVariable)
    {
        var command = ReadCommand(getVariable("CNI_COMMAND"));
        if (command == CniCommand.Version)
        {
            return new CniArguments { Command = command };
        }

        var arguments = new CniArguments
        {
            Command = command,
            ContainerId = Required(getVariable, "CNI_CONTAINERID", command),
            InterfaceName = Required(getVariable, "CNI_IFNAME", command),
            NetworkNamespace = command == CniCommand.Del
                ? getVariable("CNI_NETNS") ?? string.Empty
                : Required(getVariable, "CNI_NETNS", command),
        };
        CheckContainerId(arguments.ContainerId);
        CheckInterfaceName(arguments.InterfaceName);
        return arguments;
    }

    /// <summary>Tells whether a text may name a container or a network: it can then also name a file.</summary>
    public static bool IsIdentifier(string text) =>
        text.Length > 0
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static CniCommand ReadCommand(string? text) => text switch
    {
        "VERSION" => CniCommand.Version,
        "ADD" => CniCommand.Add,
        "DEL" => CniCommand.Del,
        "CHECK" => CniCommand.Check,
        null or "" => throw Invalid("CNI_COMMAND is not set", "set it to ADD, DEL, CHECK or VERSION; a container runtime does"),
        _ => throw Invalid($"CNI_COMMAND is '{text}'", "known commands are ADD, DEL, CHECK and VERSION"),
    };

    private static string Required(Func<string, string?> getVariable, string name, CniCommand command) =>
        getVariable(name) is { Length: > 0 } value
            ? value
            : throw Invalid($"{name} is not set", $"{command.Text()} needs it");

    private static void CheckContainerId(string text)
    {
        if (!IsIdentifier(text))
        {
            throw Invalid(
                $"CNI_CONTAINERID '{text}' is not a container id",
                "it begins with a letter or digit and goes on with letters, digits, '_', '.' and '-'");
        }
    }

    private static void CheckInterfaceName(string text)
    {
        if (text is "." or ".."
            || System.Text.Encoding.UTF8.GetByteCount(text) > LongestInterfaceName
            || text.Any(c => c is '/' or ':' or '%' || char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            throw Invalid(
                $"CNI_IFNAME '{text}' is not an interface name",
                "it has at most 15 bytes and no '/', ':', '%' or white space");
        }
    }

    private static CniException Invalid(string message, string details) => new(CniErrorCode.InvalidEnvironment, message, details);
}
