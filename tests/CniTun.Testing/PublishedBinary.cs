namespace CniTun.Testing;

/// <summary>The binaries that <c>make build</c> published: tests of whole processes run what users run.</summary>
public static class PublishedBinary
{
    /// <summary>Gets the full path of a published binary.</summary>
    /// <exception cref="InvalidOperationException">It is not there.</exception>
    public static string Path(string name)
    {
        var path = System.IO.Path.Combine(RepositoryRoot(), "dist", "linux-x64", name);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: run make build first");
    }

    /// <summary>Gets the folder that holds CniTun.sln.</summary>
    public static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "CniTun.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no CniTun.sln above {AppContext.BaseDirectory}");
    }
}
