using System.Globalization;
using CniTun.Addresses;
using CniTun.Agent.Desired;
using CniTun.Agent.Logging;
using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>Keeps the tunnel's interface, which the tunnel process makes and the agent sets up: MTU, up, addresses, kernel settings.</summary>
internal sealed class TunnelLinkReconciler(string name, ILogger logger)
{
    private readonly SysctlReconciler sysctls = new(logger);

    /// <returns>The interface as it was found.</returns>
    /// <exception cref="OperatorException">It is not there.</exception>
    public Link Reconcile(RouteNetlink netlink, DesiredState desired)
    {
        var link = netlink.Links.Find(name) ?? throw new OperatorException($"interface {name} is not there: the tunnel makes it");

        // Replies may come from the tunnel for what left another way: loose. The stricter of this and "all" counts.
        sysctls.Ensure($"net/ipv4/conf/{name}/rp_filter", "2");

        // A link-local address would have the kernel send multicast that no peer wants (1: none).
        sysctls.Ensure($"net/ipv6/conf/{name}/addr_gen_mode", "1");
        if (link.MtuBytes != desired.MtuBytes)
        {
            netlink.Links.SetMtu(name, desired.MtuBytes);
            logger.LinkChanged(name, string.Create(CultureInfo.InvariantCulture, $"MTU {desired.MtuBytes}, was {link.MtuBytes}"));
        }

        if (!link.IsUp)
        {
            netlink.Links.SetUp(link);
            logger.LinkChanged(name, "up");
        }

        ReconcileAddresses(netlink, link, desired.TunnelAddresses);
        return link;
    }

    /// <summary>The interface is ours alone: an address that is not wanted is one of a pod CIDR that this node had before.</summary>
    private void ReconcileAddresses(RouteNetlink netlink, Link link, IReadOnlyList<Cidr> wanted)
    {
        var present = netlink.Addresses.List(link).Select(address => address.Address).ToList();
        foreach (var address in present.Except(wanted).Where(address => !IsLinkLocal(address.Address)))
        {
            netlink.Addresses.Delete(link, address);
            logger.LinkChanged(name, $"removed address {address}");
        }

        foreach (var address in wanted.Except(present))
        {
            netlink.Addresses.Add(link, address);
            logger.LinkChanged(name, $"added address {address}");
        }
    }

    private static bool IsLinkLocal(IpAddress address) => address.IsIPv6 && address.Value >> 118 == 0xfe80 >> 6;
}

/// <summary>Keeps single kernel settings, and writes only what differs: writing some has effects of its own, and /proc/sys may be read-only.</summary>
internal sealed class SysctlReconciler(ILogger logger)
{
    /// <summary>Makes a setting have a value; one that this kernel does not have (IPv6 is off) is left out.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="LinuxException">EACCES: it differs, and /proc/sys is read-only.</exception>
    public bool Ensure(string name, string value)
    {
        if (Sysctl.TryRead(name) is not { } current || current == value || !Sysctl.TryWrite(name, value))
        {
            return false;
        }

        logger.SysctlWritten(name, value);
        return true;
    }
}
