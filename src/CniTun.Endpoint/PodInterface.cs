using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>The container's end: brought up with its addresses and routes, from outside its namespace but for one short visit.</summary>
/// <remarks>Owned by ADD, which disposes it.</remarks>
internal sealed class PodInterface(NetworkNamespace pod, string name, NetworkSettings settings) : IDisposable
{
    private const int MainTable = 254;
    private const int DuplicateDetectionSeconds = 10;
    private RouteNetlink? netlink;

    /// <summary>Configures the interface, which is there and down.</summary>
    /// <exception cref="LinuxException">Whatever the kernel refuses; nothing is undone here, as the interface goes as a whole.</exception>
    /// <exception cref="CniException">Code 106: another host has an IPv6 address of ours.</exception>
    public Link Configure(IReadOnlyList<CniAddress> ips, IReadOnlyList<CniRoute> routes)
    {
        netlink = Visit(ips.Any(ip => ip.Address.Address.IsIPv6));
        var link = netlink.Links.Find(name) ?? throw new LinuxException("RTM_GETLINK", name, Errno.ENODEV);
        if (settings.DisableContainerInterface)
        {
            return link;
        }

        netlink.Links.SetUp(link);
        foreach (var ip in ips)
        {
            netlink.Addresses.Add(link, ip.Address, settings.DetectDuplicates);
        }

        foreach (var route in routes)
        {
            AddUnlessPresent(netlink, route, link);
        }

        return link;
    }

    /// <summary>Lets the container send, and be asked for, at once; after the far end came up.</summary>
    public void Settle(Link link, IReadOnlyList<CniAddress> ips)
    {
        if (settings.DisableContainerInterface)
        {
            return;
        }

        netlink!.Links.SettleCarrier(name);
        foreach (var ip in ips)
        {
            if (ip.Address.Address.IsIPv6)
            {
                netlink.MulticastGroups.AwaitSolicitedNode(link, ip.Address.Address);
            }
        }
    }

    /// <summary>Waits until the kernel knows that no other host has one of the IPv6 addresses; only when asked to look.</summary>
    /// <exception cref="CniException">Code 106: another host has one.</exception>
    public void AwaitDuplicateDetection(Link link)
    {
        var deadline = Environment.TickCount64 + (DuplicateDetectionSeconds * 1000);
        using var never = new ManualResetEventSlim();
        while (Environment.TickCount64 < deadline)
        {
            var addresses = netlink!.Addresses.List(link);
            if (addresses.FirstOrDefault(address => address.IsDuplicate) is { IsDuplicate: true } duplicate)
            {
                throw EndpointErrors.AddressUnavailable(duplicate.Address.Address, "another host on the link has it");
            }

            if (!addresses.Any(address => address.IsTentative))
            {
                return;
            }

            never.Wait(TimeSpan.FromMilliseconds(20));
        }
    }

    public void Dispose() => netlink?.Dispose();

    /// <summary>Settings can only be written, and a socket only opened, by a thread inside.</summary>
    private RouteNetlink Visit(bool usesIPv6) => pod.Run(() =>
    {
        // Before the interface comes up: other pods must not become its router, and its addresses must work at once.
        var present = Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_ra", "0");
        if (present)
        {
            Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_dad", settings.DetectDuplicates ? "1" : "0");
        }

        // Looked at first: the kernel tries to write this one over and over as long as anybody changes a link.
        if (present && usesIPv6 && Sysctl.TryRead($"net/ipv6/conf/{name}/disable_ipv6") is not "0")
        {
            Sysctl.TryWrite($"net/ipv6/conf/{name}/disable_ipv6", "0");
        }

        return RouteNetlink.Open();
    });

    /// <summary>Where another interface of the container has the route already, the first one wins, as with the reference plugin.</summary>
    private static void AddUnlessPresent(RouteNetlink netlink, CniRoute route, Link link)
    {
        try
        {
            netlink.Routes.Add(ToKernel(route, link));
        }
        catch (LinuxException present) when (present.Errno == Errno.EEXIST)
        {
            // As said.
        }
    }

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
