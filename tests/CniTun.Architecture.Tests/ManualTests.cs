using System.Text.RegularExpressions;

namespace CniTun.Architecture.Tests;

/// <summary>Holds the pages of docs/ against the sources; docs/cni.md has tests of its own beside the plugin's.</summary>
public sealed partial class ManualTests
{
    [Fact]
    public void Every_setting_of_the_agent_is_explained() =>
        Assert.Empty(Disagreements(Setting(), "src/CniTun.Agent/Settings/SettingTable.cs", "docs/agent.md", "Settings"));

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
        const string Source = """new("nodeName", "NAME", ...), new("mtu", ...)""";

        Assert.Equal(
            ["no table explains mtu", "the code knows no color"],
            MarkdownTables.Differences(Names(Setting(), Source), MarkdownTables.Names("## Settings\n| `nodeName` | |\n| `color` | |\n", "Settings")));
    }

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

    [GeneratedRegex("""new\("(?<name>\w+)", """, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    [GeneratedRegex("""entry\.(Text|Array|PathOf)\("(?<name>\w+)"\)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PeersKey();

    [GeneratedRegex(@"(case|key ==) ""(?<name>\w+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UapiKey();

    [GeneratedRegex("""=> "(?<name>\w+)",""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DropReason();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)[^)]*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
