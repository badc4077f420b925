using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>The routes of one namespace.</summary>
public sealed class Routes
{
    private readonly NetlinkSocket socket;

    internal Routes(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Adds a route.</summary>
    /// <exception cref="LinuxException">EEXIST: such a route is there. ENETUNREACH: the gateway is not on a link. ENODEV: no such interface.</exception>
    public void Add(Route route)
    {
        var request = route.Write(stackalloc byte[NetlinkSocket.RequestBytes], RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
        socket.Execute(ref request, Describe(route));
    }

    /// <summary>Makes the route, in place of one to the same prefix with the same metric if there is one.</summary>
    public void Replace(Route route)
    {
        var request = route.Write(stackalloc byte[NetlinkSocket.RequestBytes], RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
        socket.Execute(ref request, Describe(route));
    }

    /// <returns>False if it was gone already.</returns>
    public bool Delete(Route route)
    {
        var request = route.Write(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELROUTE, flags: 0);
        try
        {
            socket.Execute(ref request, Describe(route));
            return true;
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ESRCH or Errno.ENODEV)
        {
            return false;
        }
    }

    /// <summary>Lists the routes of both families in all tables, cached exceptions left out.</summary>
    public IReadOnlyList<Route> List()
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
        request.Append(default(RouteHeader));
        return socket.Dump<Route>(ref request, "routes", static (message, list) =>
        {
            if (message.Header.Type == RTM_NEWROUTE
                && (message.Fixed<RouteHeader>().Flags & RTM_F_CLONED) == 0
                && Route.Read(message) is { } route)
            {
                list.Add(route);
            }
        });
    }

    /// <summary>Asks which way a packet to the address would go now.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="asConfigured">The route as it stands in its table, not with what the kernel learnt since (a path MTU).</param>
    /// <returns>The route with interface and metrics; null if none leads there.</returns>
    public Route? Lookup(IpAddress destination, bool asConfigured = false)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK);
        request.Append(new RouteHeader
        {
            Family = destination.IsIPv6 ? AF_INET6 : AF_INET,
            DestinationLength = (byte)destination.Bits,
            Flags = asConfigured ? RTM_F_FIB_MATCH : 0,
        });
        request.Attribute(RTA_DST, destination);
        try
        {
            var found = new List<Route>(1);
            socket.Query(
                ref request,
                destination.ToString(),
                static (message, list) =>
                {
                    if (Route.Read(message) is { } route)
                    {
                        list.Add(route);
                    }
                },
                found);
            return found is [{ Type: not RTN_UNREACHABLE } route, ..] ? route : null;
        }
        catch (LinuxException none) when (none.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH)
        {
            return null;
        }
    }

    private static string Describe(Route route) => route.Gateway is { } gateway ? $"{route.Destination} via {gateway}" : $"{route.Destination}";
}
