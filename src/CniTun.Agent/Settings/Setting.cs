using System.Text;
using System.Text.Json;

namespace CniTun.Agent.Settings;

/// <summary>One setting: a key of the config file and a flag of the command line, which <c>--help</c> explains.</summary>
/// <param name="Key">In the config file: "listenPort".</param>
/// <param name="ValueName">What stands for the value in the help: "PORT".</param>
/// <param name="Help">One line; the default is named in it.</param>
/// <param name="Kinds">The kinds of JSON value that the config file may hold.</param>
/// <param name="Apply">Puts the value's text into the settings; throws <see cref="AgentException"/> without naming the key.</param>
internal sealed record Setting(
    string Key,
    string ValueName,
    string Help,
    JsonValueKind[] Kinds,
    Func<AgentSettings, string, AgentSettings> Apply)
{
    /// <summary>Gets the flag, which is the key in the manner of command lines: "--listen-port".</summary>
    public string Flag { get; } = FlagFor(Key);

    private static string FlagFor(string key)
    {
        var flag = new StringBuilder("--");
        foreach (var letter in key)
        {
            if (char.IsAsciiLetterUpper(letter))
            {
                flag.Append('-');
            }

            flag.Append(char.ToLowerInvariant(letter));
        }

        return flag.ToString();
    }
}
