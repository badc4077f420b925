using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>An address of an interface as the kernel described it.</summary>
/// <param name="InterfaceIndex">Whose address it is.</param>
/// <param name="Address">With the prefix length that makes the connected route.</param>
/// <param name="Flags">IFA_F_* of linux/if_addr.h.</param>
public readonly record struct InterfaceAddress(int InterfaceIndex, Cidr Address, uint Flags)
{
    /// <summary>Gets a value indicating whether duplicate address detection still runs: the address cannot be used yet.</summary>
    public bool IsTentative => (Flags & IFA_F_TENTATIVE) != 0;

    /// <summary>Gets a value indicating whether another host was found to have the address.</summary>
    public bool IsDuplicate => (Flags & IFA_F_DADFAILED) != 0;
}

/// <summary>The IP addresses of the interfaces of one namespace.</summary>
public sealed class InterfaceAddresses
{
    private readonly NetlinkSocket socket;

    internal InterfaceAddresses(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Adds an address that works at once: for IPv6 without duplicate address detection, unless asked for.</summary>
    /// <param name="link">The interface.</param>
    /// <param name="address">With the prefix length of the connected route.</param>
    /// <param name="detectDuplicates">IPv6 only: false to be usable at once.</param>
    /// <exception cref="LinuxException">EEXIST: it has it already. EACCES: IPv6 is disabled there.</exception>
    public void Add(Link link, Cidr address, bool detectDuplicates = false)
    {
        var request = AddRequest(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, address, detectDuplicates);
        socket.Execute(ref request, $"{address} on {link.Name}");
    }

    /// <returns>False if the interface did not have it.</returns>
    public bool Delete(Link link, Cidr address)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK);
        AppendAddress(ref request, link.Index, address);
        try
        {
            socket.Execute(ref request, $"{address} on {link.Name}");
            return true;
        }
        catch (LinuxException gone) when (gone.Errno == Errno.EADDRNOTAVAIL)
        {
            return false;
        }
    }

    /// <summary>Lists the addresses of one interface, link-local ones included.</summary>
    public IReadOnlyList<InterfaceAddress> List(Link link)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
        request.Append(new AddressHeader { Index = (uint)link.Index });
        return Dump(ref request, $"addresses of {link.Name}");
    }

    /// <summary>Lists the addresses of an interface in another namespace.</summary>
    /// <param name="namespaceId">Our name for it, as in <see cref="Link.PeerNamespaceId"/>.</param>
    /// <param name="interfaceIndex">In that namespace.</param>
    /// <exception cref="LinuxException">ENODEV: no such interface. EINVAL: no such namespace.</exception>
    public IReadOnlyList<InterfaceAddress> ListElsewhere(int namespaceId, int interfaceIndex)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
        request.Append(new AddressHeader { Index = (uint)interfaceIndex });
        request.Attribute(IFA_TARGET_NETNSID, (uint)namespaceId);
        return Dump(ref request, "addresses in another namespace");
    }

    internal static NetlinkWriter AddRequest(Span<byte> buffer, int index, Cidr address, bool detectDuplicates)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        AppendAddress(ref message, index, address);
        if (address.Address.IsIPv6)
        {
            message.Attribute(IFA_FLAGS, detectDuplicates ? 0 : IFA_F_NODAD);
        }
        else if (address.PrefixLength < 31)
        {
            message.Attribute(IFA_BROADCAST, address.Last);
        }

        return message;
    }

    /// <summary>Reads an RTM_NEWADDR message; null if it has no address.</summary>
    internal static InterfaceAddress? Read(NetlinkMessage message)
    {
        var header = message.Fixed<AddressHeader>();
        IpAddress? local = null;
        IpAddress? address = null;
        uint flags = header.Flags;
        var attributes = message.After<AddressHeader>();
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case IFA_LOCAL:
                    local = attributes.IpAddress;
                    break;
                case IFA_ADDRESS:
                    address = attributes.IpAddress;
                    break;
                case IFA_FLAGS:
                    flags = attributes.UInt32;
                    break;
            }
        }

        // On a point-to-point link IFA_ADDRESS is the far end.
        return (local ?? address) is { } own && header.PrefixLength <= own.Bits
            ? new InterfaceAddress((int)header.Index, new Cidr(own, header.PrefixLength), flags)
            : null;
    }

    private static void AppendAddress(ref NetlinkWriter message, int index, Cidr address)
    {
        message.Append(new AddressHeader
        {
            Family = address.Address.IsIPv6 ? AF_INET6 : AF_INET,
            PrefixLength = (byte)address.PrefixLength,
            Index = (uint)index,
        });
        message.Attribute(IFA_LOCAL, address.Address);
        message.Attribute(IFA_ADDRESS, address.Address);
    }

    private List<InterfaceAddress> Dump(ref NetlinkWriter request, string subject) =>
        socket.Dump<InterfaceAddress>(ref request, subject, static (message, list) =>
        {
            if (message.Header.Type == RTM_NEWADDR && Read(message) is { } address)
            {
                list.Add(address);
            }
        });
}
