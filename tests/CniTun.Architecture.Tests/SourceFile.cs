using System.Text.RegularExpressions;

namespace CniTun.Architecture.Tests;

/// <summary>What STYLE asks of a file and no analyzer checks.</summary>
internal static partial class SourceFile
{
    private const int MostLines = 300;

    /// <summary>Says what is wrong with a file's length, or null.</summary>
    public static string? LengthFault(string path, string text)
    {
        var lines = text.Split('\n').Length - 1;
        return lines > MostLines ? $"{path} has {lines} lines; past {MostLines} it holds more than one idea: split it" : null;
    }

    /// <summary>Says what is wrong with a file's namespace, or null. A file without one (AssemblyInfo.cs) is right.</summary>
    /// <param name="path">Relative to the root: src/CniTun.Linux/Netlink/Link.cs must declare CniTun.Linux.Netlink.</param>
    /// <param name="text">The file.</param>
    public static string? NamespaceFault(string path, string text)
    {
        var expected = string.Join('.', path.Split('/')[1..^1]);
        var match = Namespace().Match(text);
        return match.Success && match.Groups["name"].Value != expected
            ? $"{path} declares namespace {match.Groups["name"].Value}; its folder says {expected}"
            : null;
    }

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Namespace();
}
