using System.Text;
using CniTun.Agent.Desired;
using CniTun.Agent.Files;
using CniTun.Agent.Logging;
using CniTun.Daemon;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>
/// Keeps the CNI config, which tells the runtime that the node takes pods: so it is written last, whole, and only if it differs.
/// Whose files lie beside it is not our business, but an operator hears of one that the runtime would take first.
/// </summary>
internal sealed class CniConfigReconciler(string path, ILogger logger)
{
    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private string warnedOf = string.Empty;

    /// <exception cref="OperatorException">The file is there and not ours.</exception>
    public void Reconcile(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var existing = TryRead();
        if (existing is null || !existing.AsSpan().SequenceEqual(bytes))
        {
            if (existing is not null && !CniConfig.IsOurs(existing))
            {
                throw new OperatorException($"{path} is somebody else's: its first plugin is not {CniConfig.PluginType}");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Replace(path, bytes, ReadableByAll);
            logger.CniConfigWritten(path);
        }

        WarnOfRivals();
    }

    private byte[]? TryRead()
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (IOException missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Runtimes take the first file by name, in byte order, of those that end so (libcni, ConfFiles).</summary>
    private void WarnOfRivals()
    {
        var rivals = Directory.EnumerateFiles(Path.GetDirectoryName(path)!)
            .Select(file => Path.GetFileName(file))
            .Where(file => Path.GetExtension(file) is ".conf" or ".conflist" or ".json")
            .Where(file => string.CompareOrdinal(file, Path.GetFileName(path)) < 0)
            .Order(StringComparer.Ordinal);
        var names = string.Join(", ", rivals);
        if (names != warnedOf && names.Length > 0)
        {
            logger.Warned($"{names} in {Path.GetDirectoryName(path)} sorts before {Path.GetFileName(path)}: the runtime uses that instead");
        }

        warnedOf = names;
    }
}
