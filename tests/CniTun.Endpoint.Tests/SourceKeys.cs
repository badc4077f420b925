using System.Text.RegularExpressions;

namespace CniTun.Endpoint.Tests;

/// <summary>The keys that a reader's source compares with: the texts behind <c>case</c> and <c>key is</c>, by the method that they stand in.</summary>
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

    private static IEnumerable<string> KeysOf(string line) =>
        Comparison().Match(line) is { Success: true } comparison
            ? Text().Matches(comparison.Value).Select(match => match.Groups["text"].Value)
            : [];

    // A member's first line: indented by four, with a visibility and a parameter list.
    [GeneratedRegex(@"^    (public|private|internal) .*?\b(?<name>\w+)(<\w+>)?\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Method();

    [GeneratedRegex(@"\b(case|key is) ""[^""]+""( or ""[^""]+"")*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comparison();

    [GeneratedRegex(@"""(?<text>[^""]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Text();
}
