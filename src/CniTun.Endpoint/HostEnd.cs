using CniTun.Addresses;
using CniTun.Endpoint.Configuration;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>
/// The host's end of a container's veth pair. It carries the whole pair: deleting it deletes the container's end too.
/// </summary>
/// <remarks>It comes up and gets its alias as the last step of ADD: an end without alias is the work of an ADD that was killed.</remarks>
internal sealed class HostEnd(RouteNetlink netlink, Attachment attachment)
{
    private readonly string name = EndpointNames.HostVeth(attachment);

    public RouteNetlink Netlink { get; } = netlink;

    public Link? Find() => Netlink.Links.Find(name);

    /// <summary>Makes the pair, both ends down, the near one a port of the bridge.</summary>
    /// <exception cref="Cni.CniException">Code 103: the container has an interface of that name.</exception>
    public void Create(Link bridge, NetworkNamespace pod, MacAddress podMac, int mtuBytes)
    {
        try
        {
            Netlink.Links.CreateVeth(new VethPair
            {
                Name = name,
                Mac = EndpointNames.HostMac(attachment),
                BridgeIndex = bridge.Index,
                PeerName = attachment.InterfaceName,
                PeerMac = podMac,
                PeerNamespace = pod.Handle,
                MtuBytes = mtuBytes,
            });
        }
        catch (LinuxException taken) when (taken.Errno == Errno.EEXIST)
        {
            throw EndpointErrors.InterfaceExists(attachment);
        }
    }

    /// <summary>Lets packets flow and marks the endpoint as finished.</summary>
    public Link Finish(NetworkSettings settings)
    {
        var link = Find() ?? throw new LinuxException("RTM_GETLINK", name, Errno.ENODEV);
        if (settings.Vlans is { } vlans)
        {
            VlanPort.Apply(Netlink, link, vlans);
        }

        Netlink.Links.ConfigureBridgePort(
            link,
            EndpointNames.Alias(settings.Name, attachment),
            new BridgePort(settings.Hairpin, settings.IsolatePorts));

        // The port before the bridge: the first port gives the bridge its carrier.
        Netlink.Links.SettleCarrier(name);
        Netlink.Links.SettleCarrier(settings.Bridge);
        return link;
    }

    /// <summary>Tells whether other host ends are on the bridge whose gateways our leases do not tell: those of other networks, or of another IPAM plugin.</summary>
    public bool SharesBridge(Link bridge, NetworkSettings settings) => Netlink.Links.List().Any(link =>
        link.MasterIndex == bridge.Index
        && EndpointNames.IsHostVeth(link.Name)
        && !(settings.LeasesAddresses && EndpointNames.OwnerOf(link, settings.Name) is not null));

    /// <summary>Removes the pair and waits until the kernel is done with it.</summary>
    /// <returns>False if it was gone already.</returns>
    public bool Delete() => Netlink.Links.Delete(name);

    /// <summary>Clears the way for an ADD that is repeated: removes a pair whose ADD was killed, or whose container's namespace is another now.</summary>
    /// <exception cref="Cni.CniException">Code 103: the pair is finished and in use.</exception>
    public void RemoveIfUnfinished(NetworkNamespace pod)
    {
        if (Find() is not { } link)
        {
            return;
        }

        using var podNetlink = pod.OpenNetlink();
        var far = podNetlink.Links.Find(attachment.InterfaceName);
        if (link.Alias is { Length: > 0 } && far is not null && far.PeerIndex == link.Index)
        {
            throw EndpointErrors.InterfaceExists(attachment);
        }

        Delete();
    }
}
