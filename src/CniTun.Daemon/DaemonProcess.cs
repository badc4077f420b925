using CniTun.Linux;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace CniTun.Daemon;

/// <summary>What the processes of both daemons do alike: command line in, exit code out, errors in one line, a log.</summary>
public static class DaemonProcess
{
    /// <summary>Does what the command line says.</summary>
    /// <param name="name">The program's, before each complaint.</param>
    /// <param name="options">All that it may be told.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="execute">The work, for any verb of the table and for none; returns the exit code.</param>
    /// <returns>2 for a mistake in the options, 1 if the work failed for a reason that the operator can do something about.</returns>
    public static int Run<TSettings>(string name, OptionTable<TSettings> options, string[] arguments, Func<CommandLine<TSettings>, int> execute)
        where TSettings : new()
    {
        // Whatever thread fails: nobody could tell what still works, so a supervisor is to start anew.
        AppDomain.CurrentDomain.UnhandledException += (_, failure) =>
        {
            var e = (Exception)failure.ExceptionObject;
            Console.Error.WriteLine($"{name}: the thread {Thread.CurrentThread.Name ?? "main"} failed: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
            Environment.Exit(1);
        };

        CommandLine<TSettings> line;
        try
        {
            line = options.Parse(arguments);
        }
        catch (OperatorException e)
        {
            Console.Error.WriteLine($"{name}: {e.Message}; see --help");
            return 2;
        }

        try
        {
            switch (line.Verb)
            {
                case "--help":
                    Console.Out.Write(options.Help);
                    return 0;
                case "--version":
                    Console.Out.WriteLine($"{name} {typeof(DaemonProcess).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
                    return 0;
                default:
                    return execute(line);
            }
        }
        catch (Exception e) when (e is OperatorException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{name}: {Errno.Describe(e)}");
            return 1;
        }
    }

    /// <summary>Makes loggers: one line an event, with the time, to standard error. The caller disposes the factory, which writes what is still queued.</summary>
    public static ILoggerFactory CreateLoggers() => LoggerFactory.Create(static logging =>
    {
        logging.AddSimpleConsole(static console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}

/// <summary>Something that the operator can put right: an option, a file, a host. The message is all that is shown.</summary>
/// <param name="message">What is wrong with what, and what was expected.</param>
public sealed class OperatorException(string message) : Exception(message);
