using CniTun.Agent.Desired;
using CniTun.Agent.Reconcilers;
using CniTun.Agent.Settings;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

using static CniTun.Agent.RouteConstants;

namespace CniTun.Agent;

/// <summary>Makes the host look as desired, in the order in which one thing needs another; the CNI config last.</summary>
/// <remarks>Works in the network namespace of the calling thread.</remarks>
internal sealed class Host(AgentSettings settings, ILogger logger)
{
    private readonly ForwardingReconciler forwarding = new(settings.TunnelInterface, settings.Bridge, logger);
    private readonly RouteReconciler routes = new(logger);
    private readonly TunnelReconciler tunnel = new(settings.TunnelSocket, logger);
    private readonly TunnelLinkReconciler tunnelLink = new(settings.TunnelInterface, logger);
    private readonly CniConfigReconciler cniConfig = new(settings.CniConfigFile, logger);

    /// <exception cref="AgentException">Something is missing that others bring: the tunnel's interface.</exception>
    /// <exception cref="IOException">The kernel, the tunnel or the file system refused.</exception>
    public async Task ReconcileAsync(RouteNetlink netlink, DesiredState desired, CancellationToken cancellationToken)
    {
        // Without the tunnel too: packets must not leak while it is away.
        routes.Reconcile(netlink, RTN_UNREACHABLE, PodRoutes.Guards(desired));
        forwarding.Reconcile(netlink, desired.OwnPodCidrs);

        await tunnel.ReconcileAsync(desired.Tunnel, cancellationToken);
        var link = tunnelLink.Reconcile(netlink, desired);
        routes.Reconcile(netlink, RTN_UNICAST, PodRoutes.ThroughTunnel(desired, link.Index));
        cniConfig.Reconcile(desired.CniConfig);
    }
}
