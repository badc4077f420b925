using CniTun.Addresses;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Logging;

/// <summary>Every event that the agent logs, one line each; a look at the host that finds all well logs nothing.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1, LogLevel.Information, "node {Node} starts: public key {PublicKey}, peers file {PeersFile}")]
    public static partial void Started(this ILogger logger, string node, string publicKey, string? peersFile);

    [LoggerMessage(2, LogLevel.Information, "stopped; tunnel, routes and CNI config stay as they are")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "{Path} names {Nodes} nodes")]
    public static partial void PeersRead(this ILogger logger, string path, int nodes);

    [LoggerMessage(4, LogLevel.Error, "{Path}: {Reason}; its last good content stays in force")]
    public static partial void PeersRefused(this ILogger logger, string path, string reason);

    [LoggerMessage(5, LogLevel.Information, "node is ready")]
    public static partial void Ready(this ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "node is not right yet: {Reason}")]
    public static partial void NotReady(this ILogger logger, string reason);

    [LoggerMessage(7, LogLevel.Warning, "{Warning}")]
    public static partial void Warned(this ILogger logger, string warning);

    [LoggerMessage(8, LogLevel.Information, "told the tunnel: {Change}")]
    public static partial void TunnelChanged(this ILogger logger, string change);

    [LoggerMessage(9, LogLevel.Information, "{Link}: {Change}")]
    public static partial void LinkChanged(this ILogger logger, string link, string change);

    [LoggerMessage(10, LogLevel.Information, "added {Kind} {Destination}")]
    public static partial void RouteAdded(this ILogger logger, string kind, Cidr destination);

    [LoggerMessage(11, LogLevel.Information, "removed {Kind} {Destination}")]
    public static partial void RouteRemoved(this ILogger logger, string kind, Cidr destination);

    [LoggerMessage(12, LogLevel.Information, "set {Name} = {Value}")]
    public static partial void SysctlWritten(this ILogger logger, string name, string value);

    [LoggerMessage(13, LogLevel.Information, "wrote {Path}")]
    public static partial void CniConfigWritten(this ILogger logger, string path);

    [LoggerMessage(14, LogLevel.Error, "{Path}: {Reason}; waiting for it to be put right")]
    public static partial void NoPeersYet(this ILogger logger, string path, string reason);

    [LoggerMessage(15, LogLevel.Information, "{Kind} {Destination}: MTU {MtuBytes}, was {Before} (0: that of the interface)")]
    public static partial void RouteMtuChanged(this ILogger logger, string kind, Cidr destination, uint mtuBytes, uint before);
}
