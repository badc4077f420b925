using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>A route: one to be made, or one as the kernel described it.</summary>
public sealed record Route
{
    /// <summary>Gets the prefix that the route leads to; 0.0.0.0/0 and ::/0 are the default routes.</summary>
    public required Cidr Destination { get; init; }

    /// <summary>Gets the next hop; null for a destination on the link itself.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>Gets the interface that packets leave by; 0 for none (an unreachable route).</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>Gets the preferred source address; null to let the kernel choose.</summary>
    public IpAddress? Source { get; init; }

    /// <summary>Gets the routing table; 254 is main.</summary>
    public uint Table { get; init; } = RT_TABLE_MAIN;

    /// <summary>Gets who made the route (RTPROT_*): a number of one's own makes one's routes findable.</summary>
    public byte Protocol { get; init; } = RTPROT_STATIC;

    /// <summary>Gets the scope (RT_SCOPE_*); null for what fits: link without a gateway, else universe.</summary>
    public byte? Scope { get; init; }

    /// <summary>Gets the kind (RTN_*): unicast, local, unreachable.</summary>
    public byte Type { get; init; } = RTN_UNICAST;

    /// <summary>Gets the metric: among routes to one prefix the lowest wins; 0 for the family's default.</summary>
    public uint Priority { get; init; }

    /// <summary>Gets the MTU towards the destination; 0 for that of the interface.</summary>
    public uint MtuBytes { get; init; }

    /// <summary>Gets the TCP segment size to announce towards the destination; 0 for what follows from the MTU.</summary>
    public uint AdvertisedMssBytes { get; init; }

    /// <summary>Gets a value indicating whether the gateway is taken to be on the link though no prefix says so.</summary>
    public bool OnLink { get; init; }

    /// <summary>Reads an RTM_NEWROUTE message; null for a family other than IPv4 and IPv6, or malformed lengths.</summary>
    internal static Route? Read(NetlinkMessage message)
    {
        var header = message.Fixed<RouteHeader>();
        var any = header.Family switch
        {
            AF_INET => IpAddress.FromIPv4(0),
            AF_INET6 => IpAddress.FromIPv6(0),
            _ => (IpAddress?)null,
        };
        if (any is not { } unspecified || header.DestinationLength > unspecified.Bits)
        {
            return null;
        }

        var destination = unspecified;
        var route = new Route
        {
            Destination = new Cidr(unspecified, header.DestinationLength),
            Table = header.Table,
            Protocol = header.Protocol,
            Scope = header.Scope,
            Type = header.Type,
            OnLink = (header.Flags & RTNH_F_ONLINK) != 0,
        };
        var attributes = message.After<RouteHeader>();
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST when attributes.IpAddress is { } value && value.IsIPv6 == unspecified.IsIPv6:
                    destination = value;
                    break;
                case RTA_GATEWAY:
                    route = route with { Gateway = attributes.IpAddress };
                    break;
                case RTA_OIF:
                    route = route with { InterfaceIndex = (int)attributes.UInt32 };
                    break;
                case RTA_PRIORITY:
                    route = route with { Priority = attributes.UInt32 };
                    break;
                case RTA_PREFSRC:
                    route = route with { Source = attributes.IpAddress };
                    break;
                case RTA_TABLE:
                    route = route with { Table = attributes.UInt32 };
                    break;
                case RTA_METRICS:
                    route = ReadMetrics(route, attributes.Nested);
                    break;
            }
        }

        return route with { Destination = new Cidr(destination, header.DestinationLength) };
    }

    /// <summary>Writes a message that makes, replaces or deletes this route.</summary>
    internal NetlinkWriter Write(Span<byte> buffer, ushort type, ushort flags)
    {
        var message = new NetlinkWriter(buffer, type, (ushort)(NLM_F_REQUEST | NLM_F_ACK | flags));
        message.Append(new RouteHeader
        {
            Family = Destination.Address.IsIPv6 ? AF_INET6 : AF_INET,
            DestinationLength = (byte)Destination.PrefixLength,
            Table = Table <= byte.MaxValue ? (byte)Table : RT_TABLE_UNSPEC,
            Protocol = Protocol,
            Scope = Scope ?? (Gateway is null && Type == RTN_UNICAST ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
            Type = Type,
            Flags = OnLink ? RTNH_F_ONLINK : 0,
        });
        message.Attribute(RTA_TABLE, Table);
        if (Destination.PrefixLength > 0)
        {
            message.Attribute(RTA_DST, Destination.First);
        }

        if (Gateway is { } gateway)
        {
            message.Attribute(RTA_GATEWAY, gateway);
        }

        if (InterfaceIndex > 0)
        {
            message.Attribute(RTA_OIF, (uint)InterfaceIndex);
        }

        if (Source is { } source)
        {
            message.Attribute(RTA_PREFSRC, source);
        }

        if (Priority > 0)
        {
            message.Attribute(RTA_PRIORITY, Priority);
        }

        // A deletion that named metrics would spare a route whose metrics were changed since.
        if (type == RTM_NEWROUTE)
        {
            WriteMetrics(ref message);
        }

        return message;
    }

    private static Route ReadMetrics(Route route, NetlinkAttributes metrics)
    {
        while (metrics.MoveNext())
        {
            route = metrics.Type switch
            {
                RTAX_MTU => route with { MtuBytes = metrics.UInt32 },
                RTAX_ADVMSS => route with { AdvertisedMssBytes = metrics.UInt32 },
                _ => route,
            };
        }

        return route;
    }

    private void WriteMetrics(ref NetlinkWriter message)
    {
        if (MtuBytes == 0 && AdvertisedMssBytes == 0)
        {
            return;
        }

        var metrics = message.Begin(RTA_METRICS);
        if (MtuBytes > 0)
        {
            message.Attribute(RTAX_MTU, MtuBytes);
        }

        if (AdvertisedMssBytes > 0)
        {
            message.Attribute(RTAX_ADVMSS, AdvertisedMssBytes);
        }

        message.End(metrics);
    }
}
