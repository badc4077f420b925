using System.Diagnostics;
using System.Text;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>
/// cnitun-tunnel running in a test's namespace, ready when the constructor returns: the published binary, or the one that
/// CNITUN_TUNNEL names.
/// </summary>
internal sealed class TunnelProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();

    public TunnelProcess(TestNamespace space, string socketPath, params string[] arguments)
        : this(space, [Program], socketPath, arguments)
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
        Api = new UapiClient(socketPath) { Timeout = TimeSpan.FromSeconds(Wait.Seconds) };
        Wait.Until(() => process.HasExited || Log.Contains("started", StringComparison.Ordinal), () => $"cnitun-tunnel did not start: {Log}");
        if (process.HasExited)
        {
            throw new InvalidOperationException($"cnitun-tunnel ended: {Log}");
        }
    }

    /// <summary>Gets the program's path.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("CNITUN_TUNNEL") is { Length: > 0 } binary ? binary : PublishedBinary.Path("cnitun-tunnel");

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

    public DeviceState State() => Api.GetAsync().GetAwaiter().GetResult();

    public long Counter(string name) => State().Counters.FirstOrDefault(counter => counter.Name == name).Value;

    /// <summary>Waits until it has counted so many, which it does after what was counted, and returns the number.</summary>
    public long Counted(string name, long least = 1)
    {
        Wait.Until(() => Counter(name) >= least, () => $"{name} is {Counter(name)}, not {least}");
        return Counter(name);
    }

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
        if (!process.WaitForExit(TimeSpan.FromSeconds(Wait.Seconds)))
        {
            throw new TimeoutException($"cnitun-tunnel did not end: {Log}");
        }

        // Waits for the last of what it said, too.
        process.WaitForExit();
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

/// <summary>Waits for a condition. The limit only ends what hangs.</summary>
internal static class Wait
{
    public const int Seconds = 60;
    public const int Milliseconds = 1000 * Seconds;

    public static void Until(Func<bool> condition, Func<string> otherwise)
    {
        using var pause = new ManualResetEventSlim();
        for (var begin = Stopwatch.GetTimestamp(); !condition();)
        {
            if (Stopwatch.GetElapsedTime(begin) > TimeSpan.FromSeconds(Seconds))
            {
                throw new TimeoutException(otherwise());
            }

            pause.Wait(TimeSpan.FromMilliseconds(10));
        }
    }
}

/// <summary>Tests of processes and of the kernel: one at a time, when no other test runs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class KernelTestsAlone
{
    public const string Name = "kernel";
}
