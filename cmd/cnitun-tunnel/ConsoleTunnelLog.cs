using CniTun.Linux;
using Microsoft.Extensions.Logging;

namespace CniTun.Tunnel.Command;

/// <summary>Writes what the tunnel tells to the log: one line an event, key=value.</summary>
internal sealed partial class ConsoleTunnelLog(ILogger logger) : ITunnelLog
{
    public void Listening(ushort port, bool isDualStack) => LogListening(logger, port, isDualStack ? "IPv4 and IPv6" : "IPv4 only");

    public void BuffersRefused(int receiveBytes, int sendBytes) => LogBuffersRefused(logger, receiveBytes, sendBytes);

    public void Configured(int peers, int allowedIps) => LogConfigured(logger, peers, allowedIps);

    public void Refused(int errno) => LogRefused(logger, Errno.Describe(errno));

    public void AcceptFailed(int errno) => LogAcceptFailed(logger, Errno.Describe(errno));

    public void ClientFailed(string reason) => LogClientFailed(logger, reason);

    public void InterfaceLost(int errno) => LogInterfaceLost(logger, Errno.Describe(errno));

    public void OffloadRefused(string name, string reason) => LogOffloadRefused(logger, name, reason);

    public void Started(string name, string socketPath) => LogStarted(logger, name, socketPath);

    public void Stopping(string reason) => LogStopping(logger, reason);

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "started interface={Name} socket={SocketPath} encryption=none")]
    private static partial void LogStarted(ILogger logger, string name, string socketPath);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "listening port={Port} families={Families}")]
    private static partial void LogListening(ILogger logger, ushort port, string families);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "socket buffers of receive={ReceiveBytes} send={SendBytes} bytes were refused: expect loss under load; grant CAP_NET_ADMIN or raise net.core.rmem_max and wmem_max")]
    private static partial void LogBuffersRefused(ILogger logger, int receiveBytes, int sendBytes);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "configured peers={Peers} allowed_ips={AllowedIps}")]
    private static partial void LogConfigured(ILogger logger, int peers, int allowedIps);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "refused a change: {Errno}")]
    private static partial void LogRefused(ILogger logger, string errno);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "hung up on a client of the socket: {Reason}")]
    private static partial void LogClientFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "the interface is lost: {Errno}; was it deleted?")]
    private static partial void LogInterfaceLost(ILogger logger, string errno);

    [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "stopping reason={Reason}")]
    private static partial void LogStopping(ILogger logger, string reason);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "offload={Name} is off, {Reason}: the kernel refused it, and throughput suffers")]
    private static partial void LogOffloadRefused(ILogger logger, string name, string reason);

    [LoggerMessage(EventId = 10, Level = LogLevel.Error, Message = "cannot accept clients of the socket: {Errno}; trying on. Of EMFILE and ENFILE, raise the limit of open files")]
    private static partial void LogAcceptFailed(ILogger logger, string errno);
}
