using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>Which Ethernet address an IP address on a link has, if that is known.</summary>
public readonly record struct Neighbour(int InterfaceIndex, IpAddress Address, MacAddress? Mac);

/// <summary>The neighbour tables (ARP, NDP) of one namespace.</summary>
public sealed class Neighbours
{
    private readonly NetlinkSocket socket;

    internal Neighbours(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Gets what is known of an address on a link, or null.</summary>
    public Neighbour? Find(Link link, IpAddress address)
    {
        var request = Request(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETNEIGH, link.Index, address);
        var found = new List<Neighbour>(1);
        return socket.TryQuery(ref request, $"{address} on {link.Name}", static (message, list) => list.AddRange(Read(message) is { } one ? [one] : []), found, Errno.ENOENT)
            && found.Count > 0 ? found[0] : null;
    }

    /// <returns>False if it was gone already.</returns>
    public bool Delete(Link link, IpAddress address)
    {
        var request = Request(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELNEIGH, link.Index, address);
        return socket.TryExecute(ref request, $"{address} on {link.Name}", Errno.ENOENT);
    }

    /// <summary>Tells all on the link whose Ethernet address an IPv4 address of ours has now (RFC 5227, 3): at once, and twice more within seconds.</summary>
    /// <remarks>
    /// The kernel is asked to look for a neighbour that has our own address, and the question that it broadcasts is the announcement. It needs no packet
    /// socket, whose close waits for a grace period. The entry that nobody answers goes by itself.
    /// </remarks>
    /// <param name="link">Up, and with a carrier.</param>
    /// <param name="own">An IPv4 address of it.</param>
    public void Announce(Link link, IpAddress own)
    {
        var request = AnnounceRequest(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, own);
        socket.Execute(ref request, $"{own} on {link.Name}");
    }

    internal static NetlinkWriter AnnounceRequest(Span<byte> buffer, int index, IpAddress own) =>
        Request(buffer, RTM_NEWNEIGH, index, own, NLM_F_CREATE, NTF_USE);

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

        return address is { } known ? new Neighbour(header.Index, known, mac) : null;
    }

    private static NetlinkWriter Request(Span<byte> buffer, ushort type, int index, IpAddress address, ushort flags = 0, byte entryFlags = 0)
    {
        var message = new NetlinkWriter(buffer, type, (ushort)(NLM_F_REQUEST | NLM_F_ACK | flags));
        message.Append(new NeighbourHeader { Family = address.IsIPv6 ? AF_INET6 : AF_INET, Index = index, Flags = entryFlags });
        message.Attribute(NDA_DST, address);
        return message;
    }
}
