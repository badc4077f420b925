namespace CniTun.Linux;

/// <summary>Kernel settings under /proc/sys; those under net belong to the network namespace of the calling thread.</summary>
public static class Sysctl
{
    private const string Root = "/proc/sys/";

    /// <summary>Reads a setting.</summary>
    /// <param name="name">With slashes, as interface names may hold dots: "net/ipv6/conf/eth0/accept_ra".</param>
    /// <returns>The value without its newline; null if the kernel has no such setting.</returns>
    public static string? TryRead(string name)
    {
        try
        {
            return File.ReadAllText(Root + Validated(name)).TrimEnd('\n');
        }
        catch (IOException missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Writes a setting.</summary>
    /// <returns>False if the kernel has no such setting (IPv6 is off, the interface is gone).</returns>
    /// <exception cref="LinuxException">EACCES: /proc/sys is read-only, or no privilege. EINVAL: not a value for it.</exception>
    public static bool TryWrite(string name, string value)
    {
        try
        {
            using var file = File.OpenHandle(Root + Validated(name), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes(value), fileOffset: 0);
            return true;
        }
        catch (IOException missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            throw new LinuxException("write", $"{Root}{name}", Errno.EACCES);
        }
        catch (IOException refused)
        {
            throw new LinuxException("write", $"{Root}{name}", Errno.EINVAL, refused.Message);
        }
    }

    private static string Validated(string name) =>
        name.Contains("..", StringComparison.Ordinal) || name.StartsWith('/')
            ? throw new ArgumentException($"'{name}' is not the name of a setting", nameof(name))
            : name;
}
