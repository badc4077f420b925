using System.Runtime.InteropServices;
using CniTun.Agent.Keys;
using CniTun.Agent.Settings;
using CniTun.Linux;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Command;

/// <summary>The control process of a node: command line and signals in, exit code out; the work is in <see cref="AgentLoop"/>.</summary>
internal static class Program
{
    private const int Failure = 1;
    private const int UsageError = 2;

    public static int Main(string[] arguments)
    {
        CommandLine commandLine;
        try
        {
            commandLine = CommandLine.Parse(arguments);
        }
        catch (AgentException e)
        {
            Console.Error.WriteLine($"cnitun-agent: {e.Message}; see --help");
            return UsageError;
        }

        try
        {
            Execute(commandLine);
            return 0;
        }
        catch (Exception e) when (e is AgentException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"cnitun-agent: {Errno.Describe(e)}");
            return Failure;
        }
    }

    private static void Execute(CommandLine commandLine)
    {
        switch (commandLine.Verb)
        {
            case Verb.Help:
                Console.Out.Write(CommandLine.Help);
                break;
            case Verb.Version:
                Console.Out.WriteLine($"cnitun-agent {typeof(Program).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
                break;
            case Verb.ShowKey:
                Console.Out.WriteLine(KeyFile.LoadOrCreate(commandLine.ReadSettings().StateDir).PublicKey.ToBase64());
                break;
            default:
                Serve(commandLine.ReadSettings());
                break;
        }
    }

    private static void Serve(AgentSettings settings)
    {
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var loggers = AgentLogging.CreateFactory();
        AgentLoop.RunAsync(settings, loggers.CreateLogger("cnitun-agent"), stop.Token).GetAwaiter().GetResult();

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
