using System.Diagnostics;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>Has system calls of every thread of a process fail, or return what they did not, as strace(1) is told; until disposed.</summary>
internal sealed class Tracer : IDisposable
{
    private readonly Process strace;

    public Tracer(int id, string injection)
    {
        strace = Command.Start(
            "strace",
            ["-f", "-p", $"{id}", "-e", $"trace={injection.Split(':')[0]}", "-e", $"inject={injection}", "-o", "/dev/null"],
            new Dictionary<string, string?>(StringComparer.Ordinal));
        Wait.Until(() => Directory.GetDirectories($"/proc/{id}/task").All(IsTraced), () => "strace did not attach to every thread");
    }

    public void Dispose()
    {
        // It may have ended with what it traced.
        Command.Try("kill", "-INT", $"{strace.Id}");
        Assert.True(strace.WaitForExit(Wait.Milliseconds), "strace did not end");
        strace.Dispose();
    }

    private static bool IsTraced(string thread) =>
        File.ReadAllLines(Path.Combine(thread, "status")).Any(line => line.StartsWith("TracerPid:", StringComparison.Ordinal) && !line.EndsWith("\t0", StringComparison.Ordinal));
}
