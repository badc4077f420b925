using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>Lets the host forward packets, of those families that pods have.</summary>
/// <remarks>
/// A host that forwards IPv6 takes no more router advertisements, and so loses its own default route after a while, unless accept_ra is 2
/// (Documentation/networking/ip-sysctl). If we are the ones to switch, we see to that first; but never where pods' own packets come in.
/// </remarks>
/// <param name="tunnelInterface">Ours: no router is behind it.</param>
/// <param name="bridge">Ours: a pod must not pose as the host's router (CVE-2020-10749).</param>
/// <param name="logger">Hears of each change.</param>
internal sealed class ForwardingReconciler(string tunnelInterface, string bridge, ILogger logger)
{
    private const string ForwardIPv4 = "net/ipv4/ip_forward";
    private const string ForwardIPv6 = "net/ipv6/conf/all/forwarding";
    private readonly SysctlReconciler sysctls = new(logger);

    public void Reconcile(RouteNetlink netlink, IReadOnlyList<Cidr> podCidrs)
    {
        if (podCidrs.Any(prefix => !prefix.Address.IsIPv6))
        {
            sysctls.Ensure(ForwardIPv4, "1");
        }

        if (podCidrs.Any(prefix => prefix.Address.IsIPv6) && Sysctl.TryRead(ForwardIPv6) == "0")
        {
            foreach (var link in netlink.Links.List().Where(MayHaveRouters))
            {
                var acceptAdvertisements = $"net/ipv6/conf/{link.Name}/accept_ra";
                if (Sysctl.TryRead(acceptAdvertisements) == "1")
                {
                    sysctls.Ensure(acceptAdvertisements, "2");
                }
            }

            sysctls.Ensure(ForwardIPv6, "1");
        }
    }

    private bool MayHaveRouters(Link link) =>
        !link.IsLoopback && link.MasterIndex == 0 && link.Name != tunnelInterface && link.Name != bridge;
}
