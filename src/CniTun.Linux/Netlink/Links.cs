using CniTun.Addresses;

using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>The network interfaces of one namespace.</summary>
public sealed class Links
{
    private readonly NetlinkSocket socket;

    internal Links(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Gets an interface, or null if none has the name.</summary>
    /// <exception cref="LinuxException">The kernel refused for another reason than ENODEV.</exception>
    public Link? Find(string name)
    {
        var request = LinkRequests.Get(stackalloc byte[NetlinkSocket.RequestBytes], name);
        return FindWith(ref request, name);
    }

    /// <summary>Gets an interface, or null if none has the index.</summary>
    /// <exception cref="LinuxException">The kernel refused for another reason than ENODEV.</exception>
    public Link? Find(int index)
    {
        var request = LinkRequests.Get(stackalloc byte[NetlinkSocket.RequestBytes], index);
        return FindWith(ref request, $"interface {index}");
    }

    public IReadOnlyList<Link> List()
    {
        var request = LinkRequests.List(stackalloc byte[NetlinkSocket.RequestBytes]);
        return socket.Dump<Link>(ref request, "links", static (message, list) =>
        {
            if (message.Header.Type == RTM_NEWLINK)
            {
                list.Add(Link.Read(message));
            }
        });
    }

    /// <summary>Makes a bridge, down, with a MAC and an MTU of its own, which ports no longer change.</summary>
    /// <remarks>
    /// A bridge follows the smallest MTU of its ports until one is set that differs from the one it has; the MTU of its creation does
    /// not count. So it is born one byte short and then told the truth. If its maker dies in between, it is down and one byte short.
    /// </remarks>
    /// <exception cref="LinuxException">EEXIST: an interface of that name is there. EPERM: no CAP_NET_ADMIN.</exception>
    public void CreateBridge(string name, MacAddress mac, int mtuBytes)
    {
        var create = LinkRequests.CreateBridge(stackalloc byte[NetlinkSocket.RequestBytes], name, mac, mtuBytes - 1);
        socket.Execute(ref create, name);
        SetMtu(name, mtuBytes);
    }

    /// <summary>Makes an intermediate functional block, up: what is redirected to it leaves its queue as if just received.</summary>
    /// <exception cref="LinuxException">EEXIST: an interface of that name is there. EOPNOTSUPP: no ifb in this kernel.</exception>
    public void CreateIfb(string name, int mtuBytes)
    {
        var request = LinkRequests.CreateIfb(stackalloc byte[NetlinkSocket.RequestBytes], name, mtuBytes);
        socket.Execute(ref request, name);
    }

    /// <summary>Makes a veth pair, both ends down and in place.</summary>
    /// <exception cref="LinuxException">
    /// EEXIST: a name is taken at one end. ENODEV: the bridge is gone. EPERM: no CAP_NET_ADMIN in one of the namespaces.
    /// </exception>
    public void CreateVeth(VethPair pair)
    {
        var request = LinkRequests.CreateVeth(stackalloc byte[NetlinkSocket.RequestBytes], pair);
        socket.Execute(ref request, $"{pair.Name} and {pair.PeerName}");
    }

    /// <summary>Removes an interface; the far end of a veth goes with it.</summary>
    /// <returns>False if it was gone already.</returns>
    /// <exception cref="LinuxException">The kernel refused for another reason than ENODEV.</exception>
    public bool Delete(string name)
    {
        var request = LinkRequests.Delete(stackalloc byte[NetlinkSocket.RequestBytes], name);
        return socket.TryExecute(ref request, name, Errno.ENODEV);
    }

    public void SetUp(Link link, bool up = true)
    {
        var request = LinkRequests.SetUp(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, up);
        socket.Execute(ref request, link.Name);
    }

    public void SetPromiscuous(Link link, bool promiscuous)
    {
        var request = LinkRequests.SetPromiscuous(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, promiscuous);
        socket.Execute(ref request, link.Name);
    }

    /// <summary>Gives an interface an Ethernet address; a bridge keeps one that it was given, whatever ports come and go.</summary>
    public void SetMac(Link link, MacAddress mac)
    {
        var request = LinkRequests.SetMac(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, mac);
        socket.Execute(ref request, link.Name);
    }

    /// <summary>Names an interface's owner for people: what <c>ip link</c> shows. The kernel has done it when this returns, unless it refused, which is not heard.</summary>
    /// <param name="link">The interface.</param>
    /// <param name="alias">At most 255 bytes.</param>
    public void SetAlias(Link link, string alias)
    {
        var request = LinkRequests.SetAlias(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, alias);
        socket.Tell(ref request, link.Name);
    }

    /// <exception cref="LinuxException">EINVAL: outside the driver's limits, which the kernel's words name.</exception>
    public void SetMtu(string name, int mtuBytes)
    {
        var request = LinkRequests.SetMtu(stackalloc byte[NetlinkSocket.RequestBytes], name, mtuBytes);
        socket.Execute(ref request, name);
    }

    /// <summary>Sets how the bridge treats a port, names it for people if an alias is given, and brings it up.</summary>
    /// <param name="link">A port of a bridge.</param>
    /// <param name="alias">As for <see cref="SetAlias"/>; null for none.</param>
    /// <param name="port">How the bridge treats the port.</param>
    /// <exception cref="LinuxException">EINVAL: not a port of a bridge.</exception>
    public void ConfigureBridgePort(Link link, string? alias, BridgePort port)
    {
        var request = LinkRequests.ConfigureBridgePort(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, alias, port);
        socket.Execute(ref request, link.Name);
    }

    /// <summary>Has the kernel act on a change of the link's carrier now that it would otherwise act on some time later.</summary>
    /// <remarks>
    /// A link that came up passes no packet, and a bridge port no frame, before a work queue of the kernel has dealt with it, which takes from
    /// microseconds to a second. Whoever asks the driver for the carrier has this done first (ethtool_op_get_link, net/ethtool/ioctl.c).
    /// </remarks>
    /// <exception cref="LinuxException">ENODEV. EOPNOTSUPP: the driver does not tell.</exception>
    public void SettleCarrier(string name) => socket.AskForCarrier(name);

    private Link? FindWith(ref NetlinkWriter request, string subject)
    {
        var found = new List<Link>(1);
        _ = socket.TryQuery(ref request, subject, static (message, list) => list.Add(Link.Read(message)), found, Errno.ENODEV);
        return found.Count > 0 ? found[0] : null;
    }
}
