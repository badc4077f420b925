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
/// <remarks>
/// It gets its alias as the very last step of ADD, when the result is written: an end without alias is the work of an ADD that was killed, or that
/// still runs.
/// </remarks>
internal sealed class HostEnd(RouteNetlink netlink, Attachment attachment)
{
    private readonly string name = EndpointNames.HostVeth(attachment);

    public RouteNetlink Netlink { get; } = netlink;

    public Link? Find() => Netlink.Links.Find(name);

    /// <summary>Finds what is this attachment's: unfinished, or finished as a part of that network.</summary>
    public Link? Find(string network) => Find() is { } link && IsOf(network, link) ? link : null;

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

    /// <summary>Lets packets flow.</summary>
    public Link Connect(NetworkSettings settings)
    {
        var link = Find() ?? throw new LinuxException("RTM_GETLINK", name, Errno.ENODEV);
        if (settings.Vlans is { } vlans)
        {
            VlanPort.Apply(Netlink, link, vlans);
        }

        Netlink.Links.ConfigureBridgePort(link, alias: null, new BridgePort(settings.Hairpin, settings.IsolatePorts));

        // The port before the bridge: the first port gives the bridge its carrier.
        Netlink.Links.SettleCarrier(name);
        Netlink.Links.SettleCarrier(settings.Bridge);
        return link;
    }

    /// <summary>Marks the endpoint as finished. To wait for the answer would only be time in which a kill comes too late to be told from none.</summary>
    public void Finish(Link link, string network) => Netlink.Links.SetAlias(link, EndpointNames.Alias(network, attachment));

    /// <summary>Tells whether other host ends are on the bridge whose gateways our leases do not tell: those of other networks, or of another IPAM plugin.</summary>
    public bool SharesBridge(Link bridge, NetworkSettings settings) => Netlink.Links.List().Any(link =>
        link.MasterIndex == bridge.Index
        && EndpointNames.IsHostVeth(link.Name)
        && !(settings.LeasesAddresses && EndpointNames.OwnerOf(link, settings.Name) is not null));

    /// <summary>Removes the pair, if it is not finished, and waits until the kernel is done with it.</summary>
    public void DeleteUnfinished()
    {
        if (Find() is { Alias: null or "" })
        {
            Netlink.Links.Delete(name);
        }
    }

    /// <summary>Clears the way for an ADD that is repeated: removes a pair whose ADD was killed, or whose container's namespace is another now.</summary>
    /// <exception cref="Cni.CniException">Code 103: the pair is finished and in use, or that of another network.</exception>
    public void RemoveRemains(NetworkNamespace pod, string network)
    {
        if (Find() is not { } link)
        {
            return;
        }

        using var podNetlink = pod.OpenNetlink();
        var far = podNetlink.Links.Find(attachment.InterfaceName);
        if (!IsOf(network, link) || (link.Alias is { Length: > 0 } && far is not null && far.PeerIndex == link.Index))
        {
            throw EndpointErrors.InterfaceExists(attachment);
        }

        Netlink.Links.Delete(name);
    }

    private bool IsOf(string network, Link link) => link.Alias is null or "" || link.Alias == EndpointNames.Alias(network, attachment);
}
