using System.Text.RegularExpressions;

namespace CniTun.Architecture.Tests;

/// <summary>Which namespaces of one project use which: by the types that a file names and may see without a longer name.</summary>
internal sealed partial class Namespaces
{
    private readonly List<(string Path, string Name, string Code)> files = [];
    private readonly HashSet<(string Name, string Type)> types = [];

    /// <summary>Takes a file; one without a namespace is passed over.</summary>
    public void Add(string path, string text)
    {
        var code = NoCode().Replace(text, string.Empty);
        if (Namespace().Match(code) is { Success: true } match)
        {
            var name = match.Groups["name"].Value;
            files.Add((path, name, code));
            types.UnionWith(TypeDeclaration().Matches(code).Select(type => (name, type.Groups["name"].Value)));
        }
    }

    /// <summary>Lists the uses that are part of a circle, each as "A uses B: File.cs names Type".</summary>
    /// <param name="except">Uses that are not looked at, as "A uses B".</param>
    public IReadOnlyList<string> Circles(params string[] except)
    {
        var uses = files.SelectMany(UsesOf).Where(use => !except.Contains($"{use.From} uses {use.To}", StringComparer.Ordinal)).ToList();
        var next = uses.ToLookup(use => use.From, use => use.To, StringComparer.Ordinal);
        return
        [
            .. uses.Where(use => Reaches(use.To, use.From, next))
                .Select(use => $"{use.From} uses {use.To}: {use.File} names {use.Type}")
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool Reaches(string from, string to, ILookup<string, string> next)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { from };
        var open = new Stack<string>([from]);
        while (open.TryPop(out var at))
        {
            foreach (var name in next[at].Where(seen.Add))
            {
                open.Push(name);
            }
        }

        return seen.Contains(to);
    }

    private IEnumerable<(string From, string To, string File, string Type)> UsesOf((string Path, string Name, string Code) file)
    {
        var imported = Using().Matches(file.Code).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        var body = Using().Replace(file.Code, string.Empty);
        var words = Word().Matches(body).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        return types
            .Where(type => type.Name != file.Name && words.Contains(type.Type) && !types.Contains((file.Name, type.Type)))
            .Where(type => imported.Contains(type.Name) || file.Name.StartsWith(type.Name + ".", StringComparison.Ordinal) || IsNamedInFull(body, type.Name, type.Type))
            .Select(type => (file.Name, type.Name, Path.GetFileName(file.Path), type.Type));
    }

    // CniTun.Linux.Tuntap.TunDevice, from within CniTun also as Linux.Tuntap.TunDevice, from CniTun.Linux as Tuntap.TunDevice.
    private static bool IsNamedInFull(string body, string name, string type) =>
        body.Contains($"{name[(name.LastIndexOf('.') + 1)..]}.{type}", StringComparison.Ordinal);

    [GeneratedRegex(@"//[^\n]*|/\*[\s\S]*?\*/|""""""[\s\S]*?""""""|""(\\.|[^""\\\n])*""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NoCode();

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (static )?(?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Using();

    [GeneratedRegex(
        @"^(public |internal )((static|sealed|abstract|readonly|ref|partial|unsafe) )*(class|struct|interface|enum|record struct|record) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\b[A-Z]\w*", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}
