using System.Globalization;

using static CniTun.Linux.Netlink.RtNetlinkConstants;
using static CniTun.Linux.Netlink.TrafficControlConstants;

namespace CniTun.Linux.Netlink;

/// <summary>
/// The kernel's links, addresses, routes and neighbours of one network namespace: that in which it was opened, for good.
/// </summary>
/// <remarks>Owned by whoever opened it; for one thread at a time.</remarks>
public sealed class RouteNetlink : IDisposable
{
    private readonly NetlinkSocket socket;

    private RouteNetlink(NetlinkSocket socket)
    {
        this.socket = socket;
        Links = new Links(socket);
        BridgeVlans = new BridgeVlans(socket);
        Addresses = new InterfaceAddresses(socket);
        Routes = new Routes(socket);
        Neighbours = new Neighbours(socket);
        MulticastGroups = new MulticastGroups(socket);
        TrafficControl = new TrafficControl(socket);
    }

    public Links Links { get; }

    public BridgeVlans BridgeVlans { get; }

    public InterfaceAddresses Addresses { get; }

    public Routes Routes { get; }

    public Neighbours Neighbours { get; }

    public MulticastGroups MulticastGroups { get; }

    public TrafficControl TrafficControl { get; }

    /// <summary>Opens a conversation with the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EMFILE, or no netlink in this kernel.</exception>
    public static RouteNetlink Open() => new(NetlinkSocket.Open(NetlinkConstants.NETLINK_ROUTE, NameOf));

    public void Dispose() => socket.Dispose();

    /// <summary>Names a message type in error texts.</summary>
    internal static string NameOf(ushort type) => type switch
    {
        RTM_NEWLINK => nameof(RTM_NEWLINK),
        RTM_DELLINK => nameof(RTM_DELLINK),
        RTM_GETLINK => nameof(RTM_GETLINK),
        RTM_SETLINK => nameof(RTM_SETLINK),
        RTM_NEWADDR => nameof(RTM_NEWADDR),
        RTM_DELADDR => nameof(RTM_DELADDR),
        RTM_GETADDR => nameof(RTM_GETADDR),
        RTM_NEWROUTE => nameof(RTM_NEWROUTE),
        RTM_DELROUTE => nameof(RTM_DELROUTE),
        RTM_GETROUTE => nameof(RTM_GETROUTE),
        RTM_NEWNEIGH => nameof(RTM_NEWNEIGH),
        RTM_DELNEIGH => nameof(RTM_DELNEIGH),
        RTM_GETNEIGH => nameof(RTM_GETNEIGH),
        RTM_GETMULTICAST => nameof(RTM_GETMULTICAST),
        RTM_NEWQDISC => nameof(RTM_NEWQDISC),
        RTM_GETQDISC => nameof(RTM_GETQDISC),
        RTM_NEWTFILTER => nameof(RTM_NEWTFILTER),
        RTM_GETTFILTER => nameof(RTM_GETTFILTER),
        RTM_GETVLAN => nameof(RTM_GETVLAN),
        _ => string.Create(CultureInfo.InvariantCulture, $"rtnetlink {type}"),
    };
}
