using System.Diagnostics;

namespace CniTun.Testing;

/// <summary>
/// The programs that a test may run: those that hack/programs.txt lists for the tests, so that hack/setup.sh installs them. A program that this
/// machine happens to have besides is not found, neither by a test nor by what it starts.
/// </summary>
public static class Programs
{
    /// <summary>The directory of links that is the whole PATH of whatever a test starts.</summary>
    private static readonly Lazy<string> Links = new(Link);

    /// <summary>Gets the whole PATH of whatever a test starts.</summary>
    public static string Directory => Links.Value;

    /// <summary>Gets the file of a program.</summary>
    /// <param name="program">A name of hack/programs.txt, or a full path, which stays as it is.</param>
    /// <exception cref="InvalidOperationException">It is not listed, or not installed.</exception>
    public static string Find(string program)
    {
        if (Path.IsPathRooted(program))
        {
            return program;
        }

        var path = Path.Combine(Directory, program);
        return File.Exists(path)
            ? path
            : throw new InvalidOperationException(
                $"{program} is not among the programs of hack/programs.txt (list it there with its package), or not installed (make setup)");
    }

    private static string Link()
    {
        var start = new ProcessStartInfo("bash", ["-euc", "source hack/programs.sh; programs_link test"])
        {
            WorkingDirectory = PublishedBinary.RepositoryRoot(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        using var output = process.StandardOutput;
        var directory = output.ReadToEnd().TrimEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? directory : throw new InvalidOperationException("hack/programs.sh failed");
    }
}
