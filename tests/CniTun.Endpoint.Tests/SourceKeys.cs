using System.Text.RegularExpressions;

namespace CniTun.Endpoint.Tests;

/// <summary>The keys that a reader's source asks a <c>JsonCursor</c> for, by the method that they stand in.</summary>
internal static partial class SourceKeys
{
    /// <summary>Lists the keys by their paths.</summary>
    /// <param name="source">C#.</param>
    /// <param name="places">For each method the objects of the configuration that it reads: "" for the top, "ipam.", "dns.".</param>
    /// <exception cref="ArgumentException">A method that reads keys has no place.</exception>
    public static IEnumerable<string> In(string source, IReadOnlyDictionary<string, string[]> places)
    {
        var method = string.Empty;
        foreach (var line in source.Split('\n'))
        {
            if (Method().Match(line) is { Success: true } begin)
            {
                method = begin.Groups["name"].Value;
            }

            foreach (var key in KeysOf(line))
            {
                if (!places.TryGetValue(method, out var prefixes))
                {
                    throw new ArgumentException($"{method} reads {key}: say which object it reads", nameof(places));
                }

                foreach (var prefix in prefixes)
                {
                    yield return prefix + key;
                }
            }
        }
    }

    private static IEnumerable<string> KeysOf(string line) => Question().Matches(line).Select(match => match.Groups["key"].Value);

    // A member's first line: indented by four, with a visibility and a parameter list.
    [GeneratedRegex(@"^    (public|private|internal) .*?\b(?<name>\w+)(<\w+>)?\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Method();

    [GeneratedRegex(@"\bjson\.(?!Wrong)\w+\(""(?<key>[^""]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Question();
}
