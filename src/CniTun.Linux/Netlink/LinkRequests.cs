using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>The link messages, byte for byte, apart from their sending. Each reads like the message it writes.</summary>
internal static class LinkRequests
{
    public static NetlinkWriter Get(Span<byte> buffer, string name)
    {
        var message = new NetlinkWriter(buffer, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_IFNAME, name);
        message.Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return message;
    }

    public static NetlinkWriter Get(Span<byte> buffer, int index)
    {
        var message = new NetlinkWriter(buffer, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index });
        message.Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return message;
    }

    public static NetlinkWriter List(Span<byte> buffer)
    {
        var message = new NetlinkWriter(buffer, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return message;
    }

    /// <summary>A bridge that keeps the given MAC whatever ports come and go; left down.</summary>
    public static NetlinkWriter CreateBridge(Span<byte> buffer, string name, MacAddress mac, int mtuBytes)
    {
        var message = Create(buffer);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_IFNAME, name);
        message.Attribute(IFLA_ADDRESS, mac);
        message.Attribute(IFLA_MTU, (uint)mtuBytes);
        var info = message.Begin(IFLA_LINKINFO);
        {
            message.Attribute(IFLA_INFO_KIND, "bridge");
        }

        message.End(info);
        return message;
    }

    /// <summary>An intermediate functional block: what it is given to send comes back in by the link that it came from. Born up.</summary>
    public static NetlinkWriter CreateIfb(Span<byte> buffer, string name, int mtuBytes)
    {
        var message = Create(buffer);
        message.Append(new LinkHeader { Flags = IFF_UP, Change = IFF_UP });
        message.Attribute(IFLA_IFNAME, name);
        message.Attribute(IFLA_MTU, (uint)mtuBytes);
        var info = message.Begin(IFLA_LINKINFO);
        {
            message.Attribute(IFLA_INFO_KIND, "ifb");
        }

        message.End(info);
        return message;
    }

    public static NetlinkWriter CreateVeth(Span<byte> buffer, VethPair pair)
    {
        var message = Create(buffer);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_IFNAME, pair.Name);
        message.Attribute(IFLA_ADDRESS, pair.Mac);
        if (pair.MtuBytes > 0)
        {
            message.Attribute(IFLA_MTU, (uint)pair.MtuBytes);
        }

        if (pair.BridgeIndex > 0)
        {
            message.Attribute(IFLA_MASTER, (uint)pair.BridgeIndex);
        }

        var info = message.Begin(IFLA_LINKINFO);
        {
            message.Attribute(IFLA_INFO_KIND, "veth");
            var data = message.Begin(IFLA_INFO_DATA);
            {
                var peer = message.Begin(VETH_INFO_PEER);
                {
                    message.Append(default(LinkHeader));
                    message.Attribute(IFLA_IFNAME, pair.PeerName);
                    message.Attribute(IFLA_ADDRESS, pair.PeerMac);
                    if (pair.MtuBytes > 0)
                    {
                        message.Attribute(IFLA_MTU, (uint)pair.MtuBytes);
                    }

                    if (pair.PeerNamespace is { } peerNamespace)
                    {
                        message.Attribute(IFLA_NET_NS_FD, (uint)(int)peerNamespace.DangerousGetHandle());
                    }
                }

                message.End(peer);
            }

            message.End(data);
        }

        message.End(info);
        return message;
    }

    public static NetlinkWriter Delete(Span<byte> buffer, string name)
    {
        var message = new NetlinkWriter(buffer, RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_IFNAME, name);
        return message;
    }

    public static NetlinkWriter Delete(Span<byte> buffer, int index)
    {
        var message = new NetlinkWriter(buffer, RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index });
        return message;
    }

    public static NetlinkWriter SetUp(Span<byte> buffer, int index, bool up)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index, Flags = up ? IFF_UP : 0, Change = IFF_UP });
        return message;
    }

    public static NetlinkWriter SetPromiscuous(Span<byte> buffer, int index, bool promiscuous)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index, Flags = promiscuous ? IFF_PROMISC : 0, Change = IFF_PROMISC });
        return message;
    }

    public static NetlinkWriter SetMtu(Span<byte> buffer, string name, int mtuBytes)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(default(LinkHeader));
        message.Attribute(IFLA_IFNAME, name);
        message.Attribute(IFLA_MTU, (uint)mtuBytes);
        return message;
    }

    public static NetlinkWriter SetMac(Span<byte> buffer, int index, MacAddress mac)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index });
        message.Attribute(IFLA_ADDRESS, mac);
        return message;
    }

    public static NetlinkWriter SetAlias(Span<byte> buffer, int index, string alias)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST);
        message.Append(new LinkHeader { Index = index });
        message.Attribute(IFLA_IFALIAS, alias);
        return message;
    }

    /// <summary>Sets how the bridge treats a port, names its owner if there is an alias, and brings it up, in one request.</summary>
    public static NetlinkWriter ConfigureBridgePort(Span<byte> buffer, int index, string? alias, BridgePort port)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = index, Flags = IFF_UP, Change = IFF_UP });
        if (alias is not null)
        {
            message.Attribute(IFLA_IFALIAS, alias);
        }

        var info = message.Begin(IFLA_LINKINFO);
        {
            message.Attribute(IFLA_INFO_SLAVE_KIND, "bridge");
            var data = message.Begin(IFLA_INFO_SLAVE_DATA);
            {
                message.Attribute(IFLA_BRPORT_MODE, port.Hairpin ? (byte)1 : (byte)0);
                message.Attribute(IFLA_BRPORT_ISOLATED, port.Isolated ? (byte)1 : (byte)0);
            }

            message.End(data);
        }

        message.End(info);
        return message;
    }

    private static NetlinkWriter Create(Span<byte> buffer) =>
        new(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
}
