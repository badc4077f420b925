using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>Puts a port of the bridge into its VLANs.</summary>
internal static class VlanPort
{
    /// <summary>What a bridge puts every new port into.</summary>
    private const ushort DefaultVlan = 1;

    /// <exception cref="Cni.CniException">Code 100: the kernel's bridge knows no VLANs.</exception>
    public static void Apply(RouteNetlink netlink, Link port, PortVlans vlans)
    {
        try
        {
            if (vlans.Access > 0)
            {
                netlink.BridgeVlans.AddAccess(port, vlans.Access);
            }

            foreach (var (first, last) in vlans.Tagged)
            {
                netlink.BridgeVlans.AddTagged(port, first, last);
            }

            if (!vlans.KeepsDefault)
            {
                DeleteDefault(netlink, port);
            }
        }
        catch (LinuxException refused) when (refused.Errno == Errno.EOPNOTSUPP)
        {
            throw EndpointErrors.NoVlanFiltering(refused);
        }
    }

    private static void DeleteDefault(RouteNetlink netlink, Link port)
    {
        try
        {
            netlink.BridgeVlans.Delete(port, DefaultVlan);
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            // Taken from the port before, or the bridge has another default.
        }
    }
}
