using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;
using CniTun.Linux.Sockets;

namespace CniTun.Endpoint;

/// <summary>The container's end: brought up with its addresses and routes, from outside its namespace but for one short visit.</summary>
/// <remarks>Owned by ADD, which disposes it.</remarks>
internal sealed class PodInterface(NetworkNamespace pod, string name, NetworkSettings settings, Action<string> warn) : IDisposable
{
    private const int MainTable = 254;
    private const int DuplicateDetectionSeconds = 10;
    private RouteNetlink? netlink;
    private NeighbourAdvertiser? advertiser;

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

    /// <summary>Tells the neighbours, without waiting for any, which Ethernet address the IP addresses have now: some may know another from before.</summary>
    public void Announce(Link link, IReadOnlyList<CniAddress> ips)
    {
        if (settings.DisableContainerInterface)
        {
            return;
        }

        foreach (var ip in ips.Select(ip => ip.Address.Address))
        {
            if (ip.IsIPv6)
            {
                advertiser?.Announce(link, ip);
            }
            else
            {
                netlink!.Neighbours.Announce(link, ip);
            }
        }
    }

    /// <summary>Waits until the kernel knows that no other host has one of the IPv6 addresses; only when asked to look.</summary>
    /// <exception cref="CniException">Code 106: another host has one. Code 11: that is not known in time.</exception>
    public void AwaitDuplicateDetection(Link link)
    {
        var deadline = Environment.TickCount64 + (DuplicateDetectionSeconds * 1000);
        using var never = new ManualResetEventSlim();
        while (true)
        {
            var addresses = netlink!.Addresses.List(link);
            if (addresses.FirstOrDefault(address => address.IsDuplicate) is { IsDuplicate: true } duplicate)
            {
                throw EndpointErrors.AddressUnavailable(duplicate.Address.Address, "another host on the link has it");
            }

            if (addresses.FirstOrDefault(address => address.IsTentative) is not { IsTentative: true } tentative)
            {
                return;
            }

            if (Environment.TickCount64 >= deadline)
            {
                throw EndpointErrors.DuplicateDetectionUnfinished(tentative.Address.Address, name, DuplicateDetectionSeconds);
            }

            never.Wait(TimeSpan.FromMilliseconds(20));
        }
    }

    public void Dispose()
    {
        advertiser?.Dispose();
        netlink?.Dispose();
    }

    /// <summary>Settings can only be written, and a socket only opened, by a thread inside.</summary>
    private RouteNetlink Visit(bool usesIPv6) => pod.Run(() =>
    {
        // Before the interface comes up: other pods must not become its router, and its addresses must work at once.
        if (usesIPv6)
        {
            Sysctl.TryEnsure($"net/ipv6/conf/{name}/disable_ipv6", "0");
        }

        try
        {
            if (Sysctl.TryEnsure($"net/ipv6/conf/{name}/accept_ra", "0"))
            {
                Sysctl.TryEnsure($"net/ipv6/conf/{name}/accept_dad", settings.DetectDuplicates ? "1" : "0");
            }
        }
        catch (LinuxException readOnly) when (readOnly.Errno == Errno.EROFS)
        {
            // As the reference plugin, which a host of that kind could be used with so far.
            warn($"the container may take other containers for its router: {readOnly.Message}");
        }

        advertiser = usesIPv6 && !settings.DisableContainerInterface ? NeighbourAdvertiser.TryOpen() : null;
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
