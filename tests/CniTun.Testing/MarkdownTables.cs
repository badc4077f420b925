using System.Text.RegularExpressions;

namespace CniTun.Testing;

/// <summary>What the tables of a page of docs/ explain, and where page and code disagree.</summary>
public static partial class MarkdownTables
{
    /// <summary>Lists what the first cells of a chapter's tables name, each between backquotes or as a bare number; heading rows name nothing.</summary>
    /// <param name="markdown">The page.</param>
    /// <param name="chapter">A heading of the second level; its chapter ends at the next of them.</param>
    public static IReadOnlyList<string> Names(string markdown, string chapter)
    {
        var names = new List<string>();
        var inside = false;
        var lines = markdown.Split('\n');
        foreach (var (line, next) in lines.Zip(lines.Skip(1).Append(string.Empty)))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                inside = line == $"## {chapter}";
            }
            else if (inside && line.StartsWith("| ", StringComparison.Ordinal) && !next.StartsWith("|---", StringComparison.Ordinal))
            {
                names.AddRange(Name().Matches(line.Split('|')[1]).Select(match => match.Groups["name"].Value.Trim()));
            }
        }

        return names;
    }

    /// <summary>Says what only one of the two knows, and what the page explains twice.</summary>
    public static IReadOnlyList<string> Differences(IEnumerable<string> inCode, IReadOnlyList<string> onPage)
    {
        var known = inCode.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. known.Except(onPage, StringComparer.Ordinal).Select(name => $"no table explains {name}"),
            .. onPage.Except(known, StringComparer.Ordinal).Select(name => $"the code knows no {name}"),
            .. onPage.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => $"{group.Key} is explained twice"),
        ];
    }

    [GeneratedRegex("`(?<name>[^`]+)`|(?<name>^ [0-9]+ $)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
