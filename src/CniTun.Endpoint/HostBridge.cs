using CniTun.Addresses;
using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>The bridge that containers hang on. Made by whoever comes first, finished by whoever finds it unfinished, removed by nobody.</summary>
/// <remarks>
/// Several ADDs do this at once, and each may be killed in between: every step is harmless when repeated, and the bridge comes up last, so that
/// one that is up is finished.
/// </remarks>
internal sealed class HostBridge(RouteNetlink netlink, NetworkSettings settings)
{
    private const int DefaultMtuBytes = 1500;
    private static readonly Cidr LinkLocal = Cidr.Parse("fe80::/10");

    /// <summary>Makes the bridge if it is missing, and finishes it.</summary>
    public Link Ensure()
    {
        var bridge = netlink.Links.Find(settings.Bridge) ?? Create();
        if (bridge.Kind is not "bridge")
        {
            throw EndpointErrors.NotABridge(settings.Bridge);
        }

        if (!bridge.IsUp)
        {
            Finish(bridge);
        }

        if (settings.Promiscuous && !bridge.IsPromiscuous)
        {
            netlink.Links.SetPromiscuous(bridge, promiscuous: true);
        }

        return bridge;
    }

    /// <summary>Gives the bridge the addresses that containers have as their gateway, and lets the host forward.</summary>
    /// <param name="bridge">Up; or the host's end in a VLAN of it (<see cref="VlanGateway"/>).</param>
    /// <param name="gateways">With the prefix length of the containers' subnet.</param>
    /// <param name="isInUse">Tells whether some container has an address as its gateway; asked only about others that the bridge has.</param>
    public void EnsureGateways(Link bridge, IReadOnlyList<Cidr> gateways, Func<IpAddress, bool> isInUse)
    {
        var present = netlink.Addresses.List(bridge);
        foreach (var gateway in gateways)
        {
            if (!present.Any(address => address.Address == gateway))
            {
                RemoveOutdated(bridge, gateway, gateways, present, isInUse);
                AddUnlessPresent(bridge, gateway);
                if (gateway.Address.IsIPv6)
                {
                    netlink.MulticastGroups.AwaitSolicitedNode(bridge, gateway.Address);
                }
            }

            EnableForwarding(gateway.Address.IsIPv6);
        }
    }

    /// <summary>Readies an interface of the host that containers hang on, before it comes up.</summary>
    public static void KeepFromRouting(string name, NetworkSettings settings)
    {
        // Containers must not become the host's router by an advertisement (CVE-2020-10749). Absent where the kernel has no IPv6.
        var hasIPv6 = Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_ra", "0");
        if (hasIPv6 && !settings.DetectDuplicates)
        {
            // While its link-local address is tentative, the host asks for no neighbour, and the first packets to a pod are lost.
            Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_dad", "0");
        }
    }

    private static void EnableForwarding(bool isIPv6)
    {
        var setting = isIPv6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward";
        if (Sysctl.TryRead(setting) is "0")
        {
            Sysctl.TryWrite(setting, "1");
        }
    }

    /// <summary>
    /// Removes addresses that would shadow where their subnet is now: on our own bridge those of a pod CIDR that this node no longer has,
    /// on any bridge, if forceAddress says so, whatever stands in the way.
    /// </summary>
    private void RemoveOutdated(
        Link bridge,
        Cidr gateway,
        IReadOnlyList<Cidr> gateways,
        IReadOnlyList<InterfaceAddress> present,
        Func<IpAddress, bool> isInUse)
    {
        foreach (var other in present.Select(address => address.Address))
        {
            var sameFamily = other.Address.IsIPv6 == gateway.Address.IsIPv6;
            if (!sameFamily || gateways.Contains(other) || LinkLocal.Contains(other.Address))
            {
                continue;
            }

            var outdated = EndpointNames.IsOurBridge(bridge.Mac) && !isInUse(other.Address);
            var forced = settings.ForceAddress && (!other.Address.IsIPv6 || other.Overlaps(gateway));
            if (outdated || forced)
            {
                netlink.Addresses.Delete(bridge, other);
            }
        }
    }

    private Link Create()
    {
        try
        {
            netlink.Links.CreateBridge(settings.Bridge, EndpointNames.NewBridgeMac(), WantedMtuBytes());
        }
        catch (LinuxException raced) when (raced.Errno == Errno.EEXIST)
        {
            // Another ADD was faster; its bridge is as good as ours.
        }

        return netlink.Links.Find(settings.Bridge)
            ?? throw new LinuxException("RTM_GETLINK", settings.Bridge, Errno.ENODEV, "the bridge was removed at once");
    }

    private int WantedMtuBytes() => settings.MtuBytes > 0 ? settings.MtuBytes : DefaultMtuBytes;

    private void Finish(Link bridge)
    {
        KeepFromRouting(bridge.Name, settings);
        if (bridge.MtuBytes == WantedMtuBytes() - 1)
        {
            netlink.Links.SetMtu(bridge.Name, WantedMtuBytes());
        }

        netlink.Links.SetUp(bridge);
    }

    private void AddUnlessPresent(Link bridge, Cidr gateway)
    {
        try
        {
            netlink.Addresses.Add(bridge, gateway);
        }
        catch (LinuxException raced) when (raced.Errno == Errno.EEXIST)
        {
            // Another ADD was faster.
        }
    }
}
