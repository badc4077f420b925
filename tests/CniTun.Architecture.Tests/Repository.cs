namespace CniTun.Architecture.Tests;

/// <summary>The checkout that this test was built from.</summary>
internal static class Repository
{
    /// <summary>Gets the directory that holds CniTun.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Lists files below a top-level folder, as paths relative to the root, without build output.</summary>
    /// <param name="folder">src, cmd or tests.</param>
    /// <param name="pattern">As for <see cref="Directory.EnumerateFiles(string, string)"/>: *.cs</param>
    public static IReadOnlyList<string> Files(string folder, string pattern) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads a file of the checkout.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "CniTun.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException($"no CniTun.sln above {AppContext.BaseDirectory}");
        }

        return directory.FullName;
    }
}
