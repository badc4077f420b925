using System.Runtime.InteropServices;
using CniTun.Agent;
using CniTun.Agent.Keys;
using CniTun.Agent.Settings;
using CniTun.Daemon;
using Microsoft.Extensions.Logging;

return DaemonProcess.Run("cnitun-agent", SettingTable.Options, args, static line =>
{
    var settings = SettingsFile.Read(line);
    if (line.Verb == SettingTable.ShowKey)
    {
        Console.Out.WriteLine(KeyFile.LoadOrCreate(settings.StateDir).PublicKey.ToBase64());
        return 0;
    }

    using var stop = new CancellationTokenSource();
    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    using var loggers = DaemonProcess.CreateLoggers();
    AgentLoop.RunAsync(settings, loggers.CreateLogger("cnitun-agent"), stop.Token).GetAwaiter().GetResult();
    return 0;

    void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
});
