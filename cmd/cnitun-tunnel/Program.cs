using System.Runtime.InteropServices;
using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Tunnel.Command;
using CniTun.Tunnel.Control;
using Microsoft.Extensions.Logging;

const string StopSignal = "told to";

return DaemonProcess.Run("cnitun-tunnel", TunnelSettings.Options, args, static line =>
{
    var settings = line.Over(new TunnelSettings());
    try
    {
        return Run(settings);
    }
    catch (LinuxException e)
    {
        throw new OperatorException(e.Message + Advice(e, settings));
    }
});

static int Run(TunnelSettings settings)
{
    using var loggers = DaemonProcess.CreateLoggers();
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
        Stop(StopSignal);
    }

    using var tunnel = RunningTunnel.Start(settings.Tunnel, log, errno => Stop(Errno.Describe(errno)));
    using var server = new UapiServer(settings.SocketPath, tunnel.Read, tunnel.Apply, log, patience: TimeSpan.FromSeconds(2));
    log.Started(tunnel.Name, settings.SocketPath);
    stop.Wait();
    log.Stopping(reason);
    return reason == StopSignal ? 0 : 1;
}

// What the operator can do about an error that the kernel's words alone do not explain.
static string Advice(LinuxException failure, TunnelSettings settings) => (failure.Call, failure.Errno) switch
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
