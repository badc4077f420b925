namespace CniTun.Architecture.Tests;

public sealed class WallsTests
{
    private static readonly IReadOnlyDictionary<string, ProjectFile> Projects =
        Repository.Files("src", "*.csproj").Concat(Repository.Files("cmd", "*.csproj"))
            .Select(ProjectFile.Load)
            .ToDictionary(project => project.Name, StringComparer.Ordinal);

    // What would make the plugin slow to start, large, or able to reach what it must not know.
    private static readonly string[] NotForThePlugin =
    [
        "CniTun.Agent", "CniTun.Daemon", "CniTun.Kubernetes", "CniTun.Tunnel", "CniTun.Uapi", "KubernetesClient", "Microsoft.AspNetCore",
        "Microsoft.NET.Sdk.Web", "Microsoft.Extensions", "BouncyCastle", "System.CommandLine",
    ];

    public static TheoryData<string> ProjectNames() => [.. Projects.Keys];

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void Every_project_references_only_what_the_design_allows(string name) =>
        Assert.Empty(Walls.OfCniTun.Breaches(Projects[name]));

    [Fact]
    public void The_table_allows_nothing_that_no_project_needs() => Assert.Empty(Walls.OfCniTun.Unused(Projects));

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void Every_project_lies_in_a_folder_of_its_own_name(string name) =>
        Assert.Contains(
            Repository.Files("src", "*.csproj").Concat(Repository.Files("cmd", "*.csproj")),
            path => path.EndsWith($"/{name}/{name}.csproj", StringComparison.Ordinal));

    [Fact]
    public void Every_package_that_has_a_version_is_used()
    {
        var projects = string.Concat(new[] { "src", "cmd", "tests", "hack" }.SelectMany(folder => Repository.Files(folder, "*.csproj"))
            .Concat(["Directory.Build.props", "tests/Directory.Build.props"])
            .Select(Repository.Read));
        Assert.All(
            System.Xml.Linq.XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion"),
            package => Assert.Contains($"<PackageReference Include=\"{package.Attribute("Include")!.Value}\"", projects, StringComparison.Ordinal));
    }

    [Fact]
    public void The_plugin_reaches_no_cluster_no_tunnel_no_logging_and_no_crypto() =>
        Assert.Empty(Forbidden(Walls.Reach("cnitun", Projects)));

    [Fact]
    public void A_reference_that_points_up_is_a_breach()
    {
        var linux = ProjectFile.Parse("CniTun.Linux", """
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup>
                <PackageReference Include="Tmds.LibC" />
                <ProjectReference Include="..\CniTun.Addresses\CniTun.Addresses.csproj" />
                <ProjectReference Include="../CniTun.Endpoint/CniTun.Endpoint.csproj" />
              </ItemGroup>
            </Project>
            """);

        Assert.Equal(["CniTun.Linux may not reference CniTun.Endpoint"], Walls.OfCniTun.Breaches(linux));
    }

    [Fact]
    public void A_package_nobody_argued_for_and_a_web_sdk_are_breaches()
    {
        var cni = ProjectFile.Parse(
            "CniTun.Cni",
            """<Project Sdk="Microsoft.NET.Sdk.Web"><ItemGroup><PackageReference Include="Newtonsoft.Json" /></ItemGroup></Project>""");

        Assert.Equal(
            ["CniTun.Cni may not use Newtonsoft.Json", "CniTun.Cni may not use Microsoft.NET.Sdk.Web"],
            Walls.OfCniTun.Breaches(cni));
    }

    [Fact]
    public void A_project_that_the_table_does_not_name_is_a_breach() =>
        Assert.Contains("has no line", Assert.Single(Walls.OfCniTun.Breaches(new ProjectFile("CniTun.Attic", [], []))), StringComparison.Ordinal);

    [Fact]
    public void A_door_that_nobody_uses_and_a_room_that_is_gone_are_found()
    {
        var walls = new Walls().Room("A", ["B"], ["Old.Package"]).Room("B", [], []);
        var projects = new Dictionary<string, ProjectFile>(StringComparer.Ordinal) { ["A"] = new("A", [], []) };

        Assert.Equal(["A does not reference B", "A does not use Old.Package", "there is no B"], walls.Unused(projects));
    }

    [Fact]
    public void A_forbidden_room_is_found_behind_two_others()
    {
        var projects = new Dictionary<string, ProjectFile>(StringComparer.Ordinal)
        {
            ["cnitun"] = new("cnitun", ["CniTun.Endpoint"], []),
            ["CniTun.Endpoint"] = new("CniTun.Endpoint", ["CniTun.Ipam"], []),
            ["CniTun.Ipam"] = new("CniTun.Ipam", ["CniTun.Uapi"], ["Microsoft.Extensions.Logging.Console"]),
            ["CniTun.Uapi"] = new("CniTun.Uapi", [], []),
        };

        Assert.Equal(["CniTun.Uapi", "Microsoft.Extensions.Logging.Console"], Forbidden(Walls.Reach("cnitun", projects)).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Forbidden(IEnumerable<string> reached) =>
        reached.Where(name => NotForThePlugin.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
}
