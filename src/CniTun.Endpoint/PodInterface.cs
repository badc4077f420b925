using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>The container's end: brought up with its addresses and routes, from outside its namespace but for one short visit.</summary>
internal sealed class PodInterface(NetworkNamespace pod, string name, NetworkSettings settings)
{
    private const int MainTable = 254;

    /// <summary>Configures the interface, which is there and down.</summary>
    /// <exception cref="LinuxException">Whatever the kernel refuses; nothing is undone here, as the interface goes as a whole.</exception>
    public void Configure(IReadOnlyList<Lease> leases, IReadOnlyList<CniRoute> routes)
    {
        using var netlink = Visit(leases.Any(lease => lease.Address.Address.IsIPv6));
        var link = netlink.Links.Find(name) ?? throw new LinuxException("RTM_GETLINK", name, Errno.ENODEV);
        netlink.Links.SetUp(link);
        foreach (var lease in leases)
        {
            netlink.Addresses.Add(link, lease.Address, settings.DetectDuplicates);
        }

        foreach (var route in routes)
        {
            netlink.Routes.Add(ToKernel(route, link));
        }
    }

    /// <summary>Settings can only be written, and a socket only opened, by a thread inside.</summary>
    private RouteNetlink Visit(bool usesIPv6) => pod.Run(() =>
    {
        // Before the interface comes up: other pods must not become its router, and its addresses must work at once.
        var present = Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_ra", "0");
        if (present && !settings.DetectDuplicates)
        {
            Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_dad", "0");
        }

        if (present && usesIPv6)
        {
            Sysctl.TryWrite($"net/ipv6/conf/{name}/disable_ipv6", "0");
        }

        return RouteNetlink.Open();
    });

    private static Route ToKernel(CniRoute route, Link link) => new()
    {
        Destination = route.Destination.Network,
        Gateway = route.Gateway,
        InterfaceIndex = link.Index,
        MtuBytes = (uint)(route.Mtu ?? 0),
        AdvertisedMssBytes = (uint)(route.AdvertisedMss ?? 0),
        Priority = (uint)(route.Priority ?? 0),
        Table = (uint)(route.Table ?? MainTable),
        Scope = (byte?)route.Scope,
    };

}
