namespace CniTun.Architecture.Tests;

public sealed class SourceFileTests
{
    [Fact]
    public void No_file_holds_more_than_one_idea_fits() =>
        Assert.Empty(Sources("src", "cmd").Select(path => SourceFile.LengthFault(path, Repository.Read(path))).OfType<string>());

    [Fact]
    public void Every_namespace_equals_its_folder() =>
        Assert.Empty(Sources("src", "tests").Select(path => SourceFile.NamespaceFault(path, Repository.Read(path))).OfType<string>());

    [Fact]
    public void A_file_of_301_lines_is_too_long_and_one_of_300_is_not()
    {
        Assert.Null(SourceFile.LengthFault("src/A/B.cs", string.Concat(Enumerable.Repeat("//\n", 300))));
        Assert.NotNull(SourceFile.LengthFault("src/A/B.cs", string.Concat(Enumerable.Repeat("//\n", 301))));
    }

    [Fact]
    public void A_namespace_that_its_folder_does_not_say_is_a_fault()
    {
        Assert.Null(SourceFile.NamespaceFault("src/CniTun.Linux/Netlink/Link.cs", "using System;\n\nnamespace CniTun.Linux.Netlink;\n"));
        Assert.NotNull(SourceFile.NamespaceFault("src/CniTun.Linux/Netlink/Link.cs", "using System;\n\nnamespace CniTun.Linux;\n"));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Read("CniTun.sln").Replace('\\', '/');
        Assert.All(
            Sources("*.csproj", ["src", "cmd", "tests"]),
            path => Assert.Contains($"\"{path}\"", solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Sources(params string[] folders) => Sources("*.cs", folders);

    private static IEnumerable<string> Sources(string pattern, string[] folders) =>
        folders.SelectMany(folder => Repository.Files(folder, pattern));
}
