using System.Diagnostics;
using System.Text;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>
/// cnitun-tunnel running in a test's namespace, ready when the constructor returns: what was built beside these tests, or
/// the binary that CNITUN_TUNNEL names.
/// </summary>
internal sealed class TunnelProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();

    public TunnelProcess(TestNamespace space, string socketPath, params string[] arguments)
        : this(space, Program, socketPath, arguments)
    {
    }

    public TunnelProcess(TestNamespace space, IReadOnlyList<string> program, string socketPath, params string[] arguments)
    {
        process = Command.Start(
            "ip",
            ["netns", "exec", space.Name, .. program, "--interface", "tun0", "--socket", socketPath, .. arguments],
            new Dictionary<string, string?>(StringComparer.Ordinal));
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
        Api = new UapiClient(socketPath);
        Wait.Until(() => process.HasExited || Log.Contains("started", StringComparison.Ordinal), () => $"cnitun-tunnel did not start: {Log}");
        if (process.HasExited)
        {
            throw new InvalidOperationException($"cnitun-tunnel ended: {Log}");
        }
    }

    /// <summary>Gets the command line of the program itself.</summary>
    public static IReadOnlyList<string> Program { get; } = Environment.GetEnvironmentVariable("CNITUN_TUNNEL") is { Length: > 0 } binary
        ? [binary]
        : [Environment.ProcessPath!, Built];

    public UapiClient Api { get; }

    public int Id => process.Id;

    public string Log
    {
        get
        {
            lock (errors)
            {
                return errors.ToString();
            }
        }
    }

    // tests/CniTun.Tunnel.Tests/bin/Debug/net10.0 -> cmd/cnitun-tunnel/bin/Debug/net10.0/linux-x64
    private static string Built => Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory.Replace(Path.Combine("tests", "CniTun.Tunnel.Tests"), Path.Combine("cmd", "cnitun-tunnel"), StringComparison.Ordinal),
        "linux-x64",
        "cnitun-tunnel.dll"));

    /// <summary>Asks it to end and returns its exit code.</summary>
    public int Terminate()
    {
        Command.Run("kill", "-TERM", $"{process.Id}");
        return WaitForExit();
    }

    public void Kill()
    {
        process.Kill();
        WaitForExit();
    }

    public int WaitForExit()
    {
        if (!process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            throw new TimeoutException($"cnitun-tunnel did not end in 10 s: {Log}");
        }

        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
    }
}

/// <summary>Waits for a condition, with a deadline.</summary>
internal static class Wait
{
    public static void Until(Func<bool> condition, Func<string> otherwise, int seconds = 10)
    {
        using var pause = new ManualResetEventSlim();
        for (var begin = Stopwatch.GetTimestamp(); !condition();)
        {
            if (Stopwatch.GetElapsedTime(begin) > TimeSpan.FromSeconds(seconds))
            {
                throw new TimeoutException(otherwise());
            }

            pause.Wait(TimeSpan.FromMilliseconds(10));
        }
    }
}
