using CniTun.Addresses;
using CniTun.Linux.Netlink;

namespace CniTun.Linux;

/// <summary>Lets a host forward packets without losing what it learned from routers. Writes only what differs: /proc/sys may be read-only.</summary>
/// <remarks>
/// <para>A host that forwards IPv6 heeds router advertisements only where accept_ra is 2, and drops the default routes that it learned elsewhere at
/// once (Documentation/networking/ip-sysctl; rt6_purge_dflt_routers, net/ipv6/route.c). So what was 1 becomes 2 first. Whoever switched
/// forwarding on before us knows about this.</para>
/// <para>Settings of "default" stay: interfaces to come, pods' among them, would inherit a trust in whatever poses as a router there. Those of "all"
/// have no part in it.</para>
/// </remarks>
public static class Forwarding
{
    private static readonly Cidr Everywhere = Cidr.Parse("::/0");

    /// <summary>Switches forwarding of a family on in the calling thread's network namespace.</summary>
    /// <param name="netlink">Of that namespace.</param>
    /// <param name="isIPv6">The family. A kernel that lacks it is left alone.</param>
    /// <param name="hasPods">
    /// Tells of an interface whether pods' packets come in there: none of them shall pose as the host's router (CVE-2020-10749), unless the host's own
    /// router is behind that interface, too, as behind a bridge with a network card.
    /// </param>
    /// <param name="onWritten">Told each setting that was written, and its value.</param>
    /// <exception cref="LinuxException">EROFS, EACCES: a setting differs and cannot be written.</exception>
    public static void Enable(RouteNetlink netlink, bool isIPv6, Predicate<Link> hasPods, Action<string, string>? onWritten = null)
    {
        var forwarding = isIPv6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward";
        if (Sysctl.TryRead(forwarding) is not "0")
        {
            return;
        }

        if (isIPv6)
        {
            foreach (var uplink in Uplinks(netlink, hasPods))
            {
                var advertisements = $"net/ipv6/conf/{uplink.Name}/accept_ra";
                if (Sysctl.TryRead(advertisements) is "1")
                {
                    Write(advertisements, "2");
                }
            }
        }

        Write(forwarding, "1");

        void Write(string name, string value)
        {
            if (Sysctl.TryWrite(name, value))
            {
                onWritten?.Invoke(name, value);
            }
        }
    }

    private static IEnumerable<Link> Uplinks(RouteNetlink netlink, Predicate<Link> hasPods)
    {
        var links = netlink.Links.List();
        var routed = netlink.Routes.List()
            .Where(route => route.Protocol == RtNetlinkConstants.RTPROT_RA && route.Destination == Everywhere)
            .Select(route => route.InterfaceIndex)
            .ToHashSet();

        // The ports of a bridge or a bond take no packets for the host; those of a VRF do.
        return links.Where(link => !link.IsLoopback
            && (link.MasterIndex == 0 || links.Any(master => master.Index == link.MasterIndex && master.Kind is "vrf"))
            && (!hasPods(link) || routed.Contains(link.Index)));
    }
}
