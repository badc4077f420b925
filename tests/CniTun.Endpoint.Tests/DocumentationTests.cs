using System.Globalization;
using System.Text.RegularExpressions;
using CniTun.Cni;

namespace CniTun.Endpoint.Tests;

/// <summary>Holds docs/cni.md against the code, in both directions.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Page = Read("docs/cni.md");

    private static readonly Dictionary<string, string[]> PlacesOfConfiguration = new(StringComparer.Ordinal)
    {
        ["ReadBridgeKey"] = [string.Empty],
        ["ReadProtocolKey"] = [string.Empty],
        ["ReadIpam"] = ["ipam."],
        ["ReadRangeKey"] = ["ipam.", "ipam.ranges[][]."],
        ["ReadRequested"] = ["runtimeConfig.", "args.cni."],
        ["ReadArgs"] = ["args."],
        ["ReadVlanRange"] = ["vlanTrunk[]."],
        ["ReadValidAttachment"] = ["cni.dev/valid-attachments[]."],
    };

    // The keys of prevResult are the specification's, not ours to explain: their places are named to be left out.
    private static readonly Dictionary<string, string[]> PlacesOfResult = new(StringComparer.Ordinal)
    {
        ["ReadRoute"] = ["ipam.routes[]."],
        ["ReadDns"] = ["dns."],
        ["Read"] = [],
        ["ReadInterface"] = [],
        ["ReadIp"] = [],
        ["ReadFamily"] = [],
    };

    private static readonly Dictionary<string, string[]> PlacesOfEnvelope = new(StringComparer.Ordinal) { ["Read"] = [string.Empty] };

    [Fact]
    public void Every_key_that_is_read_is_explained_and_every_key_that_is_explained_is_read() =>
        Assert.Empty(MarkdownTables.Differences(
            [
                .. SourceKeys.In(Read("src/CniTun.Endpoint/Configuration/ConfigurationReader.cs"), PlacesOfConfiguration),
                .. SourceKeys.In(Read("src/CniTun.Cni/ResultReader.cs"), PlacesOfResult),
                .. SourceKeys.In(Read("src/CniTun.Cni/CniEnvelope.cs"), PlacesOfEnvelope),
            ],
            MarkdownTables.Names(Page, "Configuration")));

    [Fact]
    public void Every_error_code_is_explained() =>
        Assert.Empty(MarkdownTables.Differences(
            Enum.GetValues<CniErrorCode>().Where(code => code != CniErrorCode.None).Select(code => ((int)code).ToString(CultureInfo.InvariantCulture)),
            MarkdownTables.Names(Page, "Errors")));

    [Fact]
    public void Every_verb_is_explained_with_the_version_that_brought_it()
    {
        var verbs = Enum.GetValues<CniCommand>();

        Assert.Empty(MarkdownTables.Differences(verbs.Select(verb => verb.Text()), MarkdownTables.Names(Page, "Verbs")));
        Assert.All(verbs, verb => Assert.Contains($"| `{verb.Text()}` | {verb.Since().Text()} |", Page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_version_is_explained() =>
        Assert.Empty(MarkdownTables.Differences(CniVersions.Supported, MarkdownTables.Names(Page, "Versions")));

    [Fact]
    public void Every_variable_that_is_read_is_explained() =>
        Assert.Empty(MarkdownTables.Differences(
            Variable().Matches(Read("src/CniTun.Cni/CniArguments.cs")).Select(match => match.Groups["name"].Value),
            MarkdownTables.Names(Page, "Environment")));

    [Fact]
    public void What_only_the_code_or_only_the_page_knows_is_a_difference()
    {
        const string Sample = """
            ## Configuration
            | key | meaning |
            |---|---|
            | `bridge`, `mtu` | two in one row; `name` in another cell counts for nothing |
            | `mtu` | again |
            ## Errors
            | 7 | a number |
            """;

        Assert.Equal(["7"], MarkdownTables.Names(Sample, "Errors"));
        Assert.Equal(
            ["no table explains vlan", "the code knows no mtu", "mtu is explained twice"],
            MarkdownTables.Differences(["bridge", "vlan"], MarkdownTables.Names(Sample, "Configuration")));
    }

    [Fact]
    public void Keys_are_found_in_a_source_by_the_method_that_reads_them()
    {
        const string Sample = """
                private static void ReadRoute(ref JsonCursor json)
                {
                    _ = json.Text("dst", ref dst) || json.Number("to", ref to, most: 5);
                }

                private static bool ReadOther(ref JsonCursor json) => json.Has("cni");
            """;
        var places = new Dictionary<string, string[]>(StringComparer.Ordinal) { ["ReadRoute"] = ["routes[]."], ["ReadOther"] = ["a.", "b."] };

        Assert.Equal(["routes[].dst", "routes[].to", "a.cni", "b.cni"], SourceKeys.In(Sample, places));
        places.Remove("ReadOther");
        Assert.Throws<ArgumentException>(() => SourceKeys.In(Sample, places).ToList());
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(PublishedBinary.RepositoryRoot(), path));

    [GeneratedRegex("getVariable(, |\\()\"(?<name>[A-Z_]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
