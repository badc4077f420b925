using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>Which Ethernet address an IP address on a link has.</summary>
public readonly record struct Neighbour(int InterfaceIndex, IpAddress Address, MacAddress? Mac, bool IsPermanent);

/// <summary>The neighbour tables (ARP, NDP) of one namespace.</summary>
public sealed class Neighbours
{
    private readonly NetlinkSocket socket;

    internal Neighbours(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Makes an entry that never expires, in place of one that is there.</summary>
    public void ReplacePermanent(Link link, IpAddress address, MacAddress mac)
    {
        var request = PermanentRequest(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, address, mac);
        socket.Execute(ref request, $"{address} on {link.Name}");
    }

    /// <returns>False if it was gone already.</returns>
    public bool Delete(Link link, IpAddress address)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK);
        request.Append(new NeighbourHeader { Family = address.IsIPv6 ? AF_INET6 : AF_INET, Index = link.Index });
        request.Attribute(NDA_DST, address);
        try
        {
            socket.Execute(ref request, $"{address} on {link.Name}");
            return true;
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>Lists the entries of one interface.</summary>
    public IReadOnlyList<Neighbour> List(Link link)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);
        request.Append(default(NeighbourHeader));
        return [.. socket
            .Dump<Neighbour>(ref request, $"neighbours of {link.Name}", static (message, list) =>
            {
                if (message.Header.Type == RTM_NEWNEIGH && Read(message) is { } neighbour)
                {
                    list.Add(neighbour);
                }
            })
            .Where(neighbour => neighbour.InterfaceIndex == link.Index)];
    }

    internal static NetlinkWriter PermanentRequest(Span<byte> buffer, int index, IpAddress address, MacAddress mac)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
        message.Append(new NeighbourHeader
        {
            Family = address.IsIPv6 ? AF_INET6 : AF_INET,
            Index = index,
            State = NUD_PERMANENT,
        });
        message.Attribute(NDA_DST, address);
        message.Attribute(NDA_LLADDR, mac);
        return message;
    }

    /// <summary>Reads an RTM_NEWNEIGH message; null if it names no IP address.</summary>
    internal static Neighbour? Read(NetlinkMessage message)
    {
        var header = message.Fixed<NeighbourHeader>();
        IpAddress? address = null;
        MacAddress? mac = null;
        var attributes = message.After<NeighbourHeader>();
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NDA_DST:
                    address = attributes.IpAddress;
                    break;
                case NDA_LLADDR:
                    mac = attributes.MacAddress;
                    break;
            }
        }

        return address is { } known
            ? new Neighbour(header.Index, known, mac, (header.State & NUD_PERMANENT) != 0)
            : null;
    }
}
