namespace CniTun.Architecture.Tests;

public sealed class NamespacesTests
{
    /// <summary>What pointed up before this test was there. The list only shrinks: a type moves, and its line goes.</summary>
    private static readonly string[] PointingUp =
    [
        // EndpointCommands belongs with the commands, the range that VlanGateway knows with the settings.
        "CniTun.Endpoint uses CniTun.Endpoint.Commands",
        "CniTun.Endpoint.Configuration uses CniTun.Endpoint",

        // Sysctl belongs with the files; of Libc each part with the structure that it takes; LinkRemoval above both of netlink's rooms.
        "CniTun.Linux uses CniTun.Linux.Files",
        "CniTun.Linux uses CniTun.Linux.Netlink",
        "CniTun.Linux uses CniTun.Linux.Sockets",
        "CniTun.Linux uses CniTun.Linux.Tuntap",
        "CniTun.Linux.Netlink uses CniTun.Linux.Nftables",
    ];

    public static TheoryData<string> Projects() => [.. Repository.Files("src", "*.csproj").Select(path => Path.GetFileNameWithoutExtension(path))];

    /// <summary>A circle means a type in the wrong room.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_use_each_other_one_way_only(string project) => Assert.Empty(Of(project).Circles(PointingUp));

    [Fact]
    public void What_points_up_no_more_is_off_the_list()
    {
        var circles = Repository.Files("src", "*.csproj").SelectMany(path => Of(Path.GetFileNameWithoutExtension(path)).Circles()).ToList();
        Assert.All(PointingUp, use => Assert.Contains(circles, circle => circle.StartsWith(use + ":", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_circle_is_found_however_long_and_however_it_is_written()
    {
        var namespaces = new Namespaces();
        namespaces.Add("A/One.cs", "using N.B;\nnamespace N.A;\npublic sealed class One { Two two; }\n");
        namespaces.Add("B/Two.cs", "namespace N.B;\ninternal sealed class Two { N.C.Three three; }\n");
        Assert.Empty(namespaces.Circles());

        namespaces.Add("C/Three.cs", "using N.A;\nnamespace N.C;\ninternal readonly record struct Three(One One);\n");
        namespaces.Add("D/Four.cs", "using N.A;\nnamespace N.D;\n// Two names nothing here.\ninternal static class Four { One one; }\n");
        Assert.Equal(
            ["N.A uses N.B: One.cs names Two", "N.B uses N.C: Two.cs names Three", "N.C uses N.A: Three.cs names One"],
            namespaces.Circles());
    }

    private static Namespaces Of(string project)
    {
        var namespaces = new Namespaces();
        foreach (var path in Repository.Files($"src/{project}", "*.cs"))
        {
            namespaces.Add(path, Repository.Read(path));
        }

        return namespaces;
    }
}
