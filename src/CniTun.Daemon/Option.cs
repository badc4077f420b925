using System.Text.Json;

namespace CniTun.Daemon;

/// <summary>One option of a daemon: a flag of its command line and, if it has a file of settings, a key in there.</summary>
/// <typeparam name="TSettings">What a daemon was told: a record that is made with every default.</typeparam>
/// <param name="Key">In the file: "listenPort"; the flag is "--listen-port".</param>
/// <param name="ValueName">What stands for the value in the help: "PORT"; null for a switch, whose value is empty.</param>
/// <param name="Help">One line that names the default; the table in docs/ says the same.</param>
/// <param name="Apply">Puts a value's text into the settings; throws <see cref="OperatorException"/> without naming the option.</param>
/// <param name="Kinds">The kinds of JSON value that the file may hold; none if this is no key of the file.</param>
public sealed record Option<TSettings>(string Key, string? ValueName, string Help, Func<TSettings, string, TSettings> Apply, params JsonValueKind[] Kinds)
{
    public string Flag { get; } =
        "--" + string.Concat(Key.Select(letter => char.IsAsciiLetterUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"));

    /// <summary>Puts a value into the settings.</summary>
    /// <param name="settings">Left as they are.</param>
    /// <param name="value">As it was written.</param>
    /// <param name="place">The flag or the key, for complaints.</param>
    /// <exception cref="OperatorException">Not a value for it; names the place.</exception>
    public TSettings ApplyTo(TSettings settings, string value, string place)
    {
        try
        {
            return Apply(settings, value);
        }
        catch (OperatorException e)
        {
            throw new OperatorException($"{place}: {e.Message}");
        }
    }
}
