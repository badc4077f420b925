using CniTun.Linux;

namespace CniTun.Agent.Files;

/// <summary>Why a file could not be read, in words that do not depend on the framework's message resources.</summary>
internal static class ReadFailure
{
    public static string Describe(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied, or a directory",
        _ => Errno.Describe(failure),
    };
}
