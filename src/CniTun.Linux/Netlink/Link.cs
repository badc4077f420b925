using CniTun.Addresses;

using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>A network interface as the kernel described it at one moment.</summary>
public sealed record Link
{
    /// <summary>Gets the interface index: unique within its namespace, never reused while the link lives.</summary>
    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>Gets IFF_* of linux/if.h.</summary>
    public uint Flags { get; init; }

    /// <summary>Gets the driver's name: "veth", "bridge", "tun"; null for a physical device.</summary>
    public string? Kind { get; init; }

    public MacAddress? Mac { get; init; }

    public int MtuBytes { get; init; }

    /// <summary>Gets the index of the bridge that this is a port of; 0 for none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>Gets the index of the other end of a veth, in that end's namespace; 0 if unknown.</summary>
    public int PeerIndex { get; init; }

    /// <summary>Gets our name for the namespace of a veth's other end; null if that is our own.</summary>
    public int? PeerNamespaceId { get; init; }

    public string? Alias { get; init; }

    /// <summary>Gets the settings of a bridge port; null if this is none.</summary>
    public BridgePort? BridgePort { get; init; }

    /// <summary>Gets a value indicating whether this is a bridge that forwards a frame only to ports of its VLAN.</summary>
    public bool FiltersVlans { get; init; }

    /// <summary>Gets the VLAN that a bridge puts new ports into; 0 for none.</summary>
    public ushort DefaultVlan { get; init; }

    public bool IsUp => (Flags & IFF_UP) != 0;

    public bool IsLoopback => (Flags & IFF_LOOPBACK) != 0;

    public bool IsPromiscuous => (Flags & IFF_PROMISC) != 0;

    /// <summary>Reads an RTM_NEWLINK message; what is missing or malformed stays at its default.</summary>
    internal static Link Read(NetlinkMessage message)
    {
        var header = message.Fixed<LinkHeader>();
        var link = new Link { Index = header.Index, Name = string.Empty, Flags = header.Flags };
        var attributes = message.After<LinkHeader>();
        while (attributes.MoveNext())
        {
            link = attributes.Type switch
            {
                IFLA_IFNAME => link with { Name = attributes.String },
                IFLA_ADDRESS => link with { Mac = attributes.MacAddress },
                IFLA_MTU => link with { MtuBytes = (int)attributes.UInt32 },
                IFLA_MASTER => link with { MasterIndex = (int)attributes.UInt32 },
                IFLA_LINK => link with { PeerIndex = (int)attributes.UInt32 },
                IFLA_LINK_NETNSID => link with { PeerNamespaceId = (int)attributes.UInt32 },
                IFLA_IFALIAS => link with { Alias = attributes.String },
                IFLA_LINKINFO => ReadInfo(link, attributes.Nested),
                _ => link,
            };
        }

        return link;
    }

    private static Link ReadInfo(Link link, NetlinkAttributes info)
    {
        while (info.MoveNext())
        {
            link = info.Type switch
            {
                IFLA_INFO_KIND => link with { Kind = info.String },
                IFLA_INFO_DATA when link.Kind is "bridge" => ReadBridge(link, info.Nested),
                IFLA_INFO_SLAVE_DATA => link with { BridgePort = Netlink.BridgePort.Read(info.Nested) },
                _ => link,
            };
        }

        return link;
    }

    private static Link ReadBridge(Link link, NetlinkAttributes data)
    {
        while (data.MoveNext())
        {
            link = data.Type switch
            {
                IFLA_BR_VLAN_FILTERING => link with { FiltersVlans = data.Byte != 0 },
                IFLA_BR_VLAN_DEFAULT_PVID => link with { DefaultVlan = data.UInt16 },
                _ => link,
            };
        }

        return link;
    }
}

/// <summary>The settings of a bridge port.</summary>
/// <param name="Hairpin">Whether a frame may leave through the port it came in by.</param>
/// <param name="Isolated">Whether frames between this port and other isolated ports are dropped.</param>
public readonly record struct BridgePort(bool Hairpin, bool Isolated)
{
    internal static BridgePort Read(NetlinkAttributes attributes)
    {
        var port = default(BridgePort);
        while (attributes.MoveNext())
        {
            port = attributes.Type switch
            {
                IFLA_BRPORT_MODE => port with { Hairpin = attributes.Byte != 0 },
                IFLA_BRPORT_ISOLATED => port with { Isolated = attributes.Byte != 0 },
                _ => port,
            };
        }

        return port;
    }
}
