using CniTun.Agent.Desired;
using CniTun.Agent.Settings;
using CniTun.Daemon;
using CniTun.Linux.Netlink;
using CniTun.Uapi;
using Microsoft.Extensions.Logging;

using static CniTun.Agent.Desired.PodRoutes;

namespace CniTun.Agent.Reconcilers;

/// <summary>Makes the host look as desired, in the order in which one thing needs another; the CNI config last.</summary>
/// <remarks>Works in the network namespace of the calling thread.</remarks>
internal sealed class HostReconciler(AgentSettings settings, ILogger logger)
{
    private readonly ForwardingReconciler forwarding = new(settings.TunnelInterface, settings.Bridge, logger);
    private readonly RouteReconciler routes = new(logger);
    private readonly TunnelReconciler tunnel = new(settings.TunnelSocket, logger);
    private readonly TunnelLinkReconciler tunnelLink = new(settings.TunnelInterface, logger);
    private readonly CniConfigReconciler cniConfig = new(settings.CniConfigFile, logger);

    /// <summary>Asks the tunnel what it is and knows.</summary>
    /// <returns>Null if it is not there.</returns>
    public Task<DeviceState?> ReadTunnelAsync(CancellationToken cancellationToken) => tunnel.ReadAsync(cancellationToken);

    /// <param name="netlink">The namespace.</param>
    /// <param name="current">The tunnel as it was read.</param>
    /// <param name="desired">What to make of both.</param>
    /// <param name="cancellationToken">Ends the wait for the tunnel.</param>
    /// <exception cref="OperatorException">Something is missing that others bring: the tunnel's interface.</exception>
    /// <exception cref="IOException">The kernel, the tunnel or the file system refused.</exception>
    public async Task ReconcileAsync(RouteNetlink netlink, DeviceState? current, DesiredState desired, CancellationToken cancellationToken)
    {
        // Without the tunnel too: packets must not leak while it is away.
        routes.Reconcile(netlink, RTN_UNREACHABLE, Guards(desired));
        forwarding.Reconcile(netlink, desired.OwnPodCidrs);

        await tunnel.ReconcileAsync(current, desired.Tunnel, cancellationToken);
        var link = tunnelLink.Reconcile(netlink, desired);
        routes.Reconcile(netlink, RTN_UNICAST, ThroughTunnel(desired, link.Index));
        cniConfig.Reconcile(desired.CniConfig);
    }
}
