using System.Text;
using CniTun.Cni;

namespace CniTun.Endpoint;

/// <summary>Lines for whoever debugs: to standard error, or to the file that the key <c>logFile</c> names. Never part of an answer.</summary>
/// <remarks>
/// Each line says which attachment it is about, and carries TRACEPARENT (W3C Trace Context) where the runtime gave one, so that it is found from
/// the runtime's own trace.
/// </remarks>
internal sealed class Diagnostics(CniArguments arguments, string? logFile, Action<string> standardError)
{
    public void Write(string text)
    {
        var line = arguments.TraceParent.Length > 0
            ? $"cnitun {arguments.Command.Text()} {arguments.ContainerId}/{arguments.InterfaceName} traceparent={arguments.TraceParent}: {text}"
            : $"cnitun {arguments.Command.Text()} {arguments.ContainerId}/{arguments.InterfaceName}: {text}";
        if (logFile is null || !TryAppend(logFile, line))
        {
            standardError(line);
        }
    }

    /// <summary>Appends in one write, so that lines of plugins that run at once do not mix.</summary>
    private static bool TryAppend(string path, string line)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(Encoding.UTF8.GetBytes(line + '\n'));
            return true;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
