using CniTun.Addresses;
using CniTun.Agent.Logging;
using CniTun.Linux;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>Lets the host forward packets, of those families that pods have.</summary>
/// <param name="tunnelInterface">Ours: no router is behind it.</param>
/// <param name="bridge">Ours: a pod must not pose as the host's router (CVE-2020-10749).</param>
/// <param name="logger">Hears of each change.</param>
internal sealed class ForwardingReconciler(string tunnelInterface, string bridge, ILogger logger)
{
    public void Reconcile(RouteNetlink netlink, IReadOnlyList<Cidr> podCidrs)
    {
        foreach (var isIPv6 in podCidrs.Select(prefix => prefix.Address.IsIPv6).Distinct())
        {
            Forwarding.Enable(netlink, isIPv6, link => link.Name == tunnelInterface || link.Name == bridge, logger.SysctlWritten);
        }
    }
}
