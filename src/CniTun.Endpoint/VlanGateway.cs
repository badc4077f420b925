using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>
/// The host's own end in a VLAN of the bridge, which containers of that VLAN have as their gateway: <c>isGateway</c> with <c>vlan</c>.
/// </summary>
/// <remarks>
/// <code>
///  host's addresses
///    br0.100  ===(veth pair)===  cng...: port of br0, untagged in VLAN 100
/// </code>
/// Like the bridge it belongs to all containers of its VLAN: made by whoever comes first, finished by whoever finds it unfinished, removed by
/// nobody. Every step is harmless when repeated, and the host's end comes up last, so that one that is up is finished.
/// </remarks>
internal sealed class VlanGateway(RouteNetlink netlink, NetworkSettings settings, string name)
{
    /// <summary>Makes the pair if it is missing, and finishes it.</summary>
    /// <returns>The host's end, up.</returns>
    /// <exception cref="Cni.CniException">Code 7: something else has the name. Code 100: the kernel's bridge knows no VLANs; nothing is left.</exception>
    public Link Ensure(Link bridge)
    {
        RemoveIfAdrift(bridge);
        var gateway = netlink.Links.Find(name) ?? Create(bridge);
        if (gateway.Kind is not "veth")
        {
            throw EndpointErrors.NotAVlanGateway(name);
        }

        return gateway.IsUp ? gateway : Finish(gateway);
    }

    /// <summary>The pair outlives its bridge: when that was removed and made anew, it hangs on nothing.</summary>
    private void RemoveIfAdrift(Link bridge)
    {
        if (netlink.Links.Find(EndpointNames.GatewayPort(name)) is { } port && port.MasterIndex != bridge.Index)
        {
            using var removal = LinkRemoval.Open(mayFork: false);
            removal.Delete(port);
        }
    }

    private Link Create(Link bridge)
    {
        try
        {
            netlink.Links.CreateVeth(new VethPair
            {
                Name = EndpointNames.GatewayPort(name),
                Mac = EndpointNames.NewBridgeMac(),
                BridgeIndex = bridge.Index,
                PeerName = name,
                PeerMac = EndpointNames.NewBridgeMac(),
                MtuBytes = bridge.MtuBytes,
            });
        }
        catch (LinuxException raced) when (raced.Errno == Errno.EEXIST)
        {
            // Another ADD was faster; its pair is as good as ours.
        }

        return netlink.Links.Find(name) ?? throw new LinuxException("RTM_GETLINK", name, Errno.ENODEV, "the gateway was removed at once");
    }

    private Link Finish(Link gateway)
    {
        var port = netlink.Links.Find(gateway.PeerIndex) ?? throw new LinuxException("RTM_GETLINK", $"port of {name}", Errno.ENODEV);
        try
        {
            VlanPort.Apply(netlink, port, settings.Vlans!.WithoutTagged());
        }
        catch
        {
            // Not up yet, so nobody uses it.
            netlink.Links.Delete(name);
            throw;
        }

        HostBridge.KeepFromRouting(name, settings);
        netlink.Links.ConfigureBridgePort(port, $"cnitun gateway {name}", default);
        netlink.Links.SetUp(gateway);
        netlink.Links.SettleCarrier(port.Name);
        netlink.Links.SettleCarrier(name);
        return gateway;
    }
}
