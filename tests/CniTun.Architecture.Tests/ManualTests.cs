using System.Text.RegularExpressions;

namespace CniTun.Architecture.Tests;

/// <summary>Holds the pages of docs/ against the sources; docs/cni.md has tests of its own beside the plugin's.</summary>
public sealed partial class ManualTests
{
    [Fact]
    public void Every_setting_of_the_agent_is_explained_as_its_help_does() =>
        Assert.Equal(Rows("src/CniTun.Agent/Settings/SettingTable.cs", setting => setting.Key).Skip(1), TableOf("docs/agent.md", "Settings"));

    [Fact]
    public void Every_option_of_the_tunnel_is_explained_as_its_help_does() =>
        Assert.Equal(Rows("cmd/cnitun-tunnel/TunnelSettings.cs", option => option.Flag), TableOf("docs/tunnel.md", "Options"));

    [Fact]
    public void Every_key_of_the_peers_file_is_explained() =>
        Assert.Empty(Disagreements(PeersKey(), "src/CniTun.Agent/Nodes/PeersFile.cs", "docs/agent.md", "Peers file"));

    [Fact]
    public void Every_key_that_the_tunnel_takes_is_explained() =>
        Assert.Empty(Disagreements(UapiKey(), "src/CniTun.Uapi/SetRequest.cs", "docs/tunnel.md", "Control"));

    [Fact]
    public void Every_reason_to_drop_is_explained() =>
        Assert.Empty(Disagreements(DropReason(), "src/CniTun.Tunnel/Packets/Drop.cs", "docs/tunnel.md", "Counters"));

    [Fact]
    public void Every_link_of_a_page_leads_to_a_file() =>
        Assert.Empty(Repository.Files("docs", "*.md").Append("README.md").Append("manifests/host/README.md").SelectMany(DeadLinks));

    [Fact]
    public void A_setting_that_no_page_explains_is_found()
    {
        Assert.Equal(["no table explains mtu", "the code knows no color"], MarkdownTables.Differences(["nodeName", "mtu"], ["nodeName", "color"]));
        Assert.Equal(
            [("nodeName", "--node-name NAME", "a, b"), ("noSpin", "--no-spin", "c")],
            Options("""new("nodeName", "NAME", "a, b", x), new("noSpin", null, "c", x), new("other")"""));
    }

    private static IEnumerable<string> Rows(string source, Func<(string Key, string Flag, string Help), string> name) =>
        Options(Repository.Read(source)).Select(option => $"| `{name(option)}` | {option.Help} |");

    private static IEnumerable<(string Key, string Flag, string Help)> Options(string source) => Option().Matches(source).Select(match => (
        match.Groups["key"].Value,
        $"--{Capital().Replace(match.Groups["key"].Value, "-$0").ToLowerInvariant()} {match.Groups["value"].Value}".TrimEnd(),
        match.Groups["help"].Value.Replace("|", "\\|", StringComparison.Ordinal)));

    /// <summary>The rows of a chapter's table below its heading.</summary>
    private static IEnumerable<string> TableOf(string page, string chapter) =>
        Repository.Read(page).Split('\n').SkipWhile(line => line != $"## {chapter}").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal));

    private static IReadOnlyList<string> Disagreements(Regex pattern, string source, string page, string chapter) =>
        MarkdownTables.Differences(Names(pattern, Repository.Read(source)), MarkdownTables.Names(Repository.Read(page), chapter));

    // "none" is the drop reason of a packet that went through.
    private static IEnumerable<string> Names(Regex pattern, string source) =>
        pattern.Matches(source).Select(match => match.Groups["name"].Value).Where(name => name != "none");

    private static IEnumerable<string> DeadLinks(string page) =>
        Link().Matches(Repository.Read(page))
            .Select(match => match.Groups["target"].Value)
            .Where(target => !target.StartsWith("http", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, target)))
            .Select(target => $"{page} links to {target}, which is not there");

    [GeneratedRegex("""new\("(?<key>\w+)", ("(?<value>[^"]+)"|null), "(?<help>[^"]+)",""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Option();

    [GeneratedRegex("[A-Z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capital();

    [GeneratedRegex("""entry\.(Text|Array|PathOf)\("(?<name>\w+)"\)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PeersKey();

    [GeneratedRegex(@"(case|key ==) ""(?<name>\w+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UapiKey();

    [GeneratedRegex("""=> "(?<name>\w+)",""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DropReason();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)[^)]*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
