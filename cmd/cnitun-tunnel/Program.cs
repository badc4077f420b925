using System.Runtime.InteropServices;
using CniTun.Linux;
using CniTun.Tunnel.Command;
using CniTun.Tunnel.Control;
using Microsoft.Extensions.Logging;

const int Success = 0;
const int Failure = 1;
const int UsageError = 2;
const string ToldToStop = "told to";

if (Settings.TryParse(args, out var settings) is { } wrong)
{
    await Console.Error.WriteLineAsync($"cnitun-tunnel: {wrong}");
    return UsageError;
}

if (settings.Help || settings.Version)
{
    var version = typeof(Settings).Assembly.GetName().Version?.ToString(3);
    await Console.Out.WriteLineAsync(settings.Help ? Settings.Usage : $"cnitun-tunnel {version}");
    return Success;
}

try
{
    return Run(settings);
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"cnitun-tunnel: {Errno.Describe(e)}{Advice(e, settings)}");
    return Failure;
}

static int Run(Settings settings)
{
    using var loggers = ConsoleTunnelLog.CreateFactory();
    var log = new ConsoleTunnelLog(loggers.CreateLogger("cnitun-tunnel"));

    // The first reason to stop is the one that counts.
    using var stop = new ManualResetEventSlim();
    var reason = string.Empty;
    void Stop(string why)
    {
        Interlocked.CompareExchange(ref reason, why, string.Empty);
        stop.Set();
    }

    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Stop(ToldToStop);
    }

    using var tunnel = RunningTunnel.Start(settings.Tunnel, log, errno => Stop(Errno.Describe(errno)));
    using var server = new UapiServer(settings.SocketPath, tunnel.Read, tunnel.Apply, log, patience: TimeSpan.FromSeconds(2));
    log.Started(tunnel.Name, settings.SocketPath);
    stop.Wait();
    log.Stopping(reason);
    return reason == ToldToStop ? Success : Failure;
}

// What the operator can do about an error that the kernel's words alone do not explain.
static string Advice(Exception e, Settings settings) => e is not LinuxException failure ? string.Empty : (failure.Call, failure.Errno) switch
{
    ("open", Errno.ENOENT or Errno.ENODEV) => ". Load the tun module, or give the container /dev/net/tun.",
    ("open", Errno.EACCES or Errno.EPERM) => ". The container needs access to the device /dev/net/tun.",
    ("TUNSETIFF", Errno.EPERM) => ". CAP_NET_ADMIN is needed.",
    ("TUNSETIFF", Errno.EBUSY) => ". Another process holds the interface; is a tunnel running already?",
    ("TUNSETIFF", Errno.EINVAL) => ". An interface of this name exists and is no TUN, or has another number of queues; choose another with --interface.",
    ("TUNSETIFF", Errno.E2BIG) => ". The kernel gives one interface fewer queues; lower --queues.",
    ("bind", Errno.EADDRINUSE) when failure.KernelMessage is null => $". Port {settings.Tunnel.ListenPort} is taken; choose another with --listen-port.",
    _ => string.Empty,
};
