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

    /// <summary>NET_ADDR_SET of linux/netdevice.h, as sysfs shows it.</summary>
    private const string MacIsSet = "3";
    public static readonly Cidr LinkLocal = Cidr.Parse("fe80::/10");

    /// <summary>Makes the bridge if it is missing, and finishes it.</summary>
    public Link Ensure()
    {
        var bridge = netlink.Links.Find(settings.Bridge) ?? Create();
        if (bridge.Kind is not "bridge")
        {
            throw EndpointErrors.NotABridge(settings.Bridge);
        }

        if (!EndpointNames.IsOurBridge(bridge.Mac))
        {
            PinMac(bridge);
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
    /// <exception cref="Cni.CniException">Code 7: a bridge of somebody else has another address, which forceAddress does not give up.</exception>
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

            Forwarding.Enable(netlink, gateway.Address.IsIPv6, link => link.Index == bridge.Index || link.Name == settings.Bridge);
        }
    }

    /// <summary>Readies an interface of the host that containers hang on, before it comes up.</summary>
    public static void KeepFromRouting(string name, NetworkSettings settings)
    {
        // Containers must not become the host's router by an advertisement (CVE-2020-10749). Absent where the kernel has no IPv6.
        var hasIPv6 = Sysctl.TryEnsure($"net/ipv6/conf/{name}/accept_ra", "0");
        if (hasIPv6 && !settings.DetectDuplicates)
        {
            // While its link-local address is tentative, the host asks for no neighbour, and the first packets to a pod are lost.
            Sysctl.TryEnsure($"net/ipv6/conf/{name}/accept_dad", "0");
        }
    }

    /// <summary>
    /// Removes addresses that would shadow where their subnet is now: on our own bridge those of a pod CIDR that this node no longer has,
    /// on any bridge, if forceAddress says so, whatever stands in the way. What stands in the way are other IPv4 addresses, and IPv6 addresses whose
    /// subnet overlaps, as with the reference plugin.
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

            var ours = EndpointNames.IsOurBridge(bridge.Mac);
            var inTheWay = !other.Address.IsIPv6 || other.Overlaps(gateway);
            if ((settings.ForceAddress && inTheWay) || (ours && !isInUse(other.Address)))
            {
                netlink.Addresses.Delete(bridge, other);
            }
            else if (inTheWay && !ours)
            {
                throw EndpointErrors.BridgeHasAddress(bridge.Name, gateway, other);
            }
        }
    }

    /// <summary>
    /// Has a bridge that we did not make keep the MAC that it has: else it takes the lowest of its ports', and whoever knows the old one waits for half a
    /// minute.
    /// </summary>
    /// <remarks>
    /// To set it, even to what it is, makes the host forget its neighbours there; so not each time. Whether it was set is told by sysfs only, which may
    /// be that of another namespace, with another MAC, or be missing.
    /// </remarks>
    private void PinMac(Link bridge)
    {
        var about = $"/sys/class/net/{bridge.Name}/";
        if (bridge.Mac is { } mac && !(Read("address") == mac.ToString() && Read("addr_assign_type") is MacIsSet))
        {
            netlink.Links.SetMac(bridge, mac);
        }

        string Read(string what)
        {
            try
            {
                return File.ReadAllText(about + what).TrimEnd('\n');
            }
            catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
            {
                return string.Empty;
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
