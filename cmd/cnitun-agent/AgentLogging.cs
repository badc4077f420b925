using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace CniTun.Agent.Command;

/// <summary>How the agent logs: one line an event, with the time, to standard error.</summary>
internal static class AgentLogging
{
    /// <summary>Makes loggers; the caller disposes the factory, which writes what is still queued.</summary>
    public static ILoggerFactory CreateFactory() => LoggerFactory.Create(static logging =>
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
