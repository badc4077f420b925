using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace CniTun.Bench;

/// <summary>
/// Runs every benchmark of this assembly, or those whose names hold a word, and appends lines of
/// "NAME NANOSECONDS BYTES" to a file: <c>CniTun.Bench FILE [WORD]</c>.
/// </summary>
/// <remarks>
/// A class for each part of the packet path, their packets in <see cref="Sample"/>. Whatever is public and has [Benchmark] is run and
/// reported.
/// </remarks>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Length is < 1 or > 2)
        {
            Console.Error.WriteLine("usage: CniTun.Bench FILE [WORD]");
            return 2;
        }

        var word = args.Length > 1 ? args[1] : "*";
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(["--filter", $"*{word}*"], Configuration());
        var reports = summaries.SelectMany(summary => summary.Reports).ToList();
        File.AppendAllLines(args[0], reports.Where(report => report.Success).Select(Line));
        return reports.Count > 0 && reports.All(report => report.Success) ? 0 : 1;
    }

    // In this very process: no project is generated and built for each benchmark, and the whole ends in a few minutes.
    private static ManualConfig Configuration() => ManualConfig.CreateEmpty()
        .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(2).WithIterationCount(9).WithIterationTime(TimeInterval.FromMilliseconds(200)))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddLogger(ConsoleLogger.Default)
        .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);

    private static string Line(BenchmarkReport report)
    {
        var benchmark = report.BenchmarkCase;
        var parameters = string.Concat(benchmark.Parameters.Items.Select(item => $"-{item.Value}"));
        var bytes = report.GcStats.GetBytesAllocatedPerOperation(benchmark) ?? 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{benchmark.Descriptor.WorkloadMethod.Name}{parameters} {report.ResultStatistics!.Median:F2} {bytes}");
    }
}
