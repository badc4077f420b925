// cnitun-agent: the control process of a node. Command line and signals in, exit code out; the work is in CniTun.Agent.
using System.Runtime.InteropServices;
using CniTun.Agent;
using CniTun.Agent.Keys;
using CniTun.Agent.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

const int Failed = 1;
const int Misused = 2;

CommandLine commandLine;
try
{
    commandLine = CommandLine.Parse(args);
}
catch (AgentException e)
{
    Complain(e.Message);
    Console.Error.WriteLine("Try 'cnitun-agent --help'.");
    return Misused;
}

try
{
    switch (commandLine.Verb)
    {
        case Verb.Help:
            Console.Out.Write(CommandLine.Help);
            return 0;
        case Verb.Version:
            Console.Out.WriteLine($"cnitun-agent {typeof(AgentLoop).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
            return 0;
        case Verb.ShowKey:
            Console.Out.WriteLine(KeyFile.LoadOrCreate(commandLine.ReadSettings().StateDir).PublicKey.ToBase64());
            return 0;
        default:
            await RunAsync(commandLine.ReadSettings());
            return 0;
    }
}
catch (Exception e) when (e is AgentException or IOException or UnauthorizedAccessException)
{
    Complain(e.Message);
    return Failed;
}

static void Complain(string message) => Console.Error.WriteLine($"cnitun-agent: {message}");

static async Task RunAsync(AgentSettings settings)
{
    using var stop = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

    // Disposing it writes out what is still queued.
    using var logging = LoggerFactory.Create(static builder => builder
        .AddSimpleConsole(static options =>
        {
            options.SingleLine = true;
            options.ColorBehavior = LoggerColorBehavior.Disabled;
            options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            options.UseUtcTimestamp = true;
        })
        .AddConsole(static options => options.LogToStandardErrorThresholdLevel = LogLevel.Trace));
    await AgentLoop.RunAsync(settings, logging.CreateLogger("cnitun-agent"), stop.Token);

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
}
