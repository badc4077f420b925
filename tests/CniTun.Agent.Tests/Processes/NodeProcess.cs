using System.Diagnostics;
using System.Text;

namespace CniTun.Agent.Tests.Processes;

/// <summary>
/// One of our programs running in a test's namespace: what was built beside these tests, or the binary that an environment
/// variable names (CNITUN_AGENT, CNITUN_TUNNEL).
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();

    public NodeProcess(TestNamespace space, string program, params string[] arguments)
    {
        process = Command.Start(
            "ip",
            ["netns", "exec", space.Name, .. CommandLine(program), .. arguments],
            new Dictionary<string, string?>(StringComparer.Ordinal));
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Gets what it wrote to standard error so far.</summary>
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

    /// <summary>Gets how a program is started: a binary, or the runtime and a dll.</summary>
    public static IReadOnlyList<string> CommandLine(string program)
    {
        var variable = program.Replace('-', '_').ToUpperInvariant();
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } binary)
        {
            return [binary];
        }

        // tests/CniTun.Agent.Tests/bin/Debug/net10.0 -> cmd/PROGRAM/bin/Debug/net10.0/linux-x64
        var directory = AppContext.BaseDirectory.Replace(
            Path.Combine("tests", "CniTun.Agent.Tests"), Path.Combine("cmd", program), StringComparison.Ordinal);
        return [Environment.ProcessPath!, Path.Combine(directory, "linux-x64", $"{program}.dll")];
    }

    /// <summary>Sends SIGTERM and returns the exit code.</summary>
    public int Terminate()
    {
        Command.Run("kill", "-TERM", $"{process.Id}");
        return WaitForExit();
    }

    /// <summary>Sends SIGKILL and waits for the end.</summary>
    public void Kill()
    {
        process.Kill();
        WaitForExit();
    }

    public int WaitForExit()
    {
        if (!process.WaitForExit(Eventually.Limit))
        {
            throw new TimeoutException($"process {process.Id} did not end: {Log}");
        }

        // Once more without a limit: until all of standard error is read.
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
