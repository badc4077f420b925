using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>Puts a port of the bridge into its VLANs, and the bridge in a state in which that means something.</summary>
internal static class VlanPort
{
    /// <summary>Makes the bridge keep VLANs apart, if only ports of ours are on it.</summary>
    /// <returns>What the operator has to know if it does not; null if it does.</returns>
    /// <exception cref="Cni.CniException">Code 100: the kernel's bridge knows no VLANs.</exception>
    /// <remarks>On other ports, frames with tags pass until filtering is on: it would cut off whoever lives on them. The reference leaves it, too.</remarks>
    public static string? EnsureFiltering(RouteNetlink netlink, Link bridge)
    {
        if (bridge.FiltersVlans)
        {
            return null;
        }

        if (StrangerOn(netlink, bridge) is { } stranger)
        {
            return $"bridge {bridge.Name} does not keep VLANs apart, and {stranger} on it is not ours: "
                + $"if that may be, run: ip link set {bridge.Name} type bridge vlan_filtering 1";
        }

        try
        {
            netlink.BridgeVlans.EnableFiltering(bridge);
            return null;
        }
        catch (LinuxException refused) when (refused.Errno == Errno.EOPNOTSUPP)
        {
            throw EndpointErrors.NoVlanFiltering(refused);
        }
    }

    /// <exception cref="Cni.CniException">Code 100: the kernel's bridge knows no VLANs.</exception>
    /// <remarks>Harmless when repeated, also by two at once.</remarks>
    public static void Apply(RouteNetlink netlink, Link port, PortVlans vlans)
    {
        try
        {
            if (!vlans.KeepsDefault)
            {
                // Whatever is there, and not simply 1: a bridge's default_pvid may be another.
                var wanted = vlans.List().Select(vlan => vlan.Id).ToHashSet();
                foreach (var other in netlink.BridgeVlans.List(port).Where(vlan => !wanted.Contains(vlan.Id)))
                {
                    netlink.BridgeVlans.Delete(port, other.Id);
                }
            }

            foreach (var (first, last) in vlans.Tagged)
            {
                netlink.BridgeVlans.AddTagged(port, first, last);
            }

            // Behind the tagged ones, which may hold it.
            if (vlans.Access > 0)
            {
                netlink.BridgeVlans.AddAccess(port, vlans.Access);
            }
        }
        catch (LinuxException refused) when (refused.Errno == Errno.EOPNOTSUPP)
        {
            throw EndpointErrors.NoVlanFiltering(refused);
        }
    }

    /// <summary>Tells how bridge, port and gateway differ from what ADD left; null if they do not.</summary>
    public static string? Difference(RouteNetlink netlink, NetworkSettings settings, Link bridge, Link port)
    {
        if (settings.Vlans is not { } vlans)
        {
            return null;
        }

        if (!bridge.FiltersVlans && StrangerOn(netlink, bridge) is null)
        {
            return $"bridge {bridge.Name} does not keep VLANs apart (vlan_filtering is off)";
        }

        var wanted = vlans.List().ToHashSet();
        var ids = wanted.Select(vlan => vlan.Id).ToHashSet();
        var present = netlink.BridgeVlans.List(port);
        if (present.FirstOrDefault(vlan => !ids.Contains(vlan.Id) && !(vlans.KeepsDefault && vlan.Id == bridge.DefaultVlan)) is { Id: > 0 } other)
        {
            return $"{port.Name} carries {other}, which the configuration does not name";
        }

        return MissingFrom(port, present, wanted)
            ?? (settings.VlanGateway is { } name && netlink.Links.Find(name) is { } gateway && netlink.Links.Find(gateway.PeerIndex) is { } gatewayPort
                ? MissingFrom(gatewayPort, netlink.BridgeVlans.List(gatewayPort), vlans.WithoutTagged().List())
                : null);
    }

    private static string? MissingFrom(Link port, IReadOnlyList<PortVlan> present, IEnumerable<PortVlan> wanted) =>
        wanted.Except(present).FirstOrDefault() is { Id: > 0 } missing ? $"{port.Name} does not carry {missing}" : null;

    /// <summary>Finds a port of the bridge that is no end of a pair of ours.</summary>
    private static string? StrangerOn(RouteNetlink netlink, Link bridge) =>
        netlink.Links.List().FirstOrDefault(link => link.MasterIndex == bridge.Index && !EndpointNames.IsOurPort(link.Name))?.Name;
}
