using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>A system call of a run of the plugin: the how-manieth of its name on its thread.</summary>
/// <param name="Call">Its name.</param>
/// <param name="Occurrence">From 1.</param>
/// <param name="IsCertain">Made by every run that was looked at, not only by one that had to wait or to ask again.</param>
internal readonly record struct KillPoint(string Call, int Occurrence, bool IsCertain);

/// <summary>The published plugin under strace(1), which lists its system calls and kills it in front of a chosen one.</summary>
/// <remarks>
/// strace counts the calls of each name on each thread. So the calls of the second thread, the one that visits the container's namespace, can
/// be chosen only where the first makes none of that name.
/// </remarks>
internal static class TracedPlugin
{
    /// <summary>Calls that change nothing outside the process: to be killed there is to be killed at the next one.</summary>
    private static readonly HashSet<string> Private = new(StringComparer.Ordinal)
    {
        "brk", "madvise", "mprotect", "munmap", "membarrier", "futex", "sched_yield", "sched_getaffinity", "gettid", "getpid", "rseq",
        "set_robust_list", "rt_sigaction", "rt_sigprocmask", "prlimit64", "lseek", "fstat", "fstatfs", "newfstatat", "get_mempolicy",
    };

    /// <summary>Runs the plugin to its end, several times, and lists its system calls from where it opens the first file of ours.</summary>
    /// <param name="firstCall">How the line of that system call begins, behind the thread's number.</param>
    /// <param name="before">What each run needs.</param>
    /// <param name="after">Undoes what a run did.</param>
    public static IReadOnlyList<KillPoint> ListCalls(
        Node node, string command, Pod pod, JsonNode config, string firstCall, Action before, Action after)
    {
        const int Runs = 5;
        var seen = new List<(string Call, int Occurrence)>();
        for (var run = 0; run < Runs; run++)
        {
            before();
            seen.AddRange(ListCalls(node, command, pod, config, firstCall));
            after();
        }

        return [.. seen.CountBy(point => point).Select(point => new KillPoint(point.Key.Call, point.Key.Occurrence, point.Value == Runs))];
    }

    private static List<(string Call, int Occurrence)> ListCalls(Node node, string command, Pod pod, JsonNode config, string firstCall)
    {
        var log = Path.GetTempFileName();
        try
        {
            var answer = Run(node, command, pod, config, ["-f", "-o", log]);
            Assert.True(answer.ExitCode == 0, answer.Output + answer.Error);
            return ReadCalls(File.ReadAllLines(log), firstCall);
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Runs the plugin and kills it in front of a system call, or the child that makes it, without which the plugin may well succeed.</summary>
    /// <returns>False if nobody was killed, as when the call was not made this time.</returns>
    public static bool KillAt(Node node, string command, Pod pod, JsonNode config, KillPoint point)
    {
        var when = point.Occurrence.ToString(CultureInfo.InvariantCulture);
        var log = Path.GetTempFileName();
        try
        {
            var answer = Run(
                node,
                command,
                pod,
                config,
                ["-f", "-e", $"trace={point.Call}", "-o", log, "-e", $"inject={point.Call}:signal=KILL:when={when}"]);
            const int killed = 128 + 9;
            Assert.True(answer.ExitCode is 0 or killed, $"{point}: exit {answer.ExitCode}: {answer.Output}{answer.Error}");
            return File.ReadAllText(log).Contains("+++ killed by SIGKILL +++", StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Runs the plugin with some of its system calls tampered with.</summary>
    /// <param name="injections">What strace(1) takes behind <c>-e inject=</c>.</param>
    public static Answer RunWith(Node node, string command, Pod pod, JsonNode config, params string[] injections) =>
        Run(node, command, pod, config, Options("/dev/null", injections));

    /// <summary>Starts the plugin as <see cref="RunWith"/> does; what is started ends with the last process of the plugin.</summary>
    public static Process StartWith(Node node, string command, Pod pod, JsonNode config, string log, params string[] injections)
    {
        var process = Command.Start("ip", Arguments(node, Options(log, injections)), PluginProcess.Environment(command, pod.ContainerId, pod.Path));
        process.StandardInput.Write(config.ToJsonString());
        process.StandardInput.Close();
        return process;
    }

    private static string[] Options(string log, string[] injections) =>
        ["-f", "-o", log, .. injections.SelectMany(injection => new[] { "-e", $"inject={injection}" })];

    private static List<(string Call, int Occurrence)> ReadCalls(string[] lines, string firstCall)
    {
        var counts = new Dictionary<(string Thread, string Call), int>();
        var points = new List<(string Call, int Occurrence)>();
        var mainThread = lines[0].Split(' ')[0];
        var begun = false;
        foreach (var line in lines)
        {
            var thread = line.Split(' ')[0];
            var text = line[thread.Length..].TrimStart();
            var parenthesis = text.IndexOf('(', StringComparison.Ordinal);
            if (parenthesis <= 0 || text.StartsWith("<...", StringComparison.Ordinal) || text.StartsWith("+++", StringComparison.Ordinal)
                || text.Contains("(To be restarted)", StringComparison.Ordinal))
            {
                // The last: a setting of IPv6 that the kernel tries to write until nobody changes a link, which may be thousands of times.
                continue;
            }

            var call = text[..parenthesis];
            var count = counts[(thread, call)] = counts.GetValueOrDefault((thread, call)) + 1;
            begun |= text.StartsWith(firstCall, StringComparison.Ordinal);
            if (begun && !Private.Contains(call) && (thread == mainThread || !counts.ContainsKey((mainThread, call))))
            {
                points.Add((call, count));
            }
        }

        return [.. points.Distinct()];
    }

    private static Answer Run(Node node, string command, Pod pod, JsonNode config, string[] options) => Command.Try(
        "ip",
        Arguments(node, options),
        PluginProcess.Environment(command, pod.ContainerId, pod.Path),
        config.ToJsonString());

    private static string[] Arguments(Node node, string[] options) =>
        ["netns", "exec", node.Name, "strace", .. options, PublishedBinary.Path("cnitun")];
}
