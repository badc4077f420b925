using CniTun.Addresses;
using CniTun.Linux.Netlink;

using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>
/// A rule while it is written: conditions in the order of the calls, each of which ends the rule unless it holds, then what is done.
/// </summary>
/// <remarks>
/// Begun and ended by <see cref="NftTransaction"/>, in whose buffer it lies. What looks at IP addresses comes after
/// <see cref="IfFamily"/>: a table of family inet sees both.
/// </remarks>
public ref struct NftRule
{
    // Where the addresses lie in the IP headers (RFC 791, 3.1; RFC 8200, 3), and how long they are.
    private const uint IPv4Source = 12;
    private const uint IPv4Destination = 16;
    private const uint IPv4Bytes = 4;
    private const uint IPv6Source = 8;
    private const uint IPv6Destination = 24;
    private const uint IPv6Bytes = 16;

    // Where the port lies in the headers of TCP, UDP and SCTP, and how long it is.
    private const uint DestinationPort = 2;
    private const uint PortBytes = 2;

    // And the sender in that of Ethernet (IEEE 802.3, 3.2).
    private const uint EthernetSource = 6;
    private const uint EthernetBytes = 6;

    private NetlinkWriter message;
    private bool isIPv6;

    internal NftRule(NetlinkWriter message, string name, int expressions)
    {
        this.message = message;
        Name = name;
        Expressions = expressions;
    }

    /// <summary>Gets the comment, which names the rule in an error.</summary>
    internal string Name { get; }

    /// <summary>Gets what closes the list of expressions.</summary>
    internal int Expressions { get; }

    private readonly uint AddressBytes => isIPv6 ? IPv6Bytes : IPv4Bytes;

    public void IfFamily(bool isIPv6)
    {
        this.isIPv6 = isIPv6;
        message.Meta(NFT_META_NFPROTO);
        message.Compare(NFT_CMP_EQ, [isIPv6 ? NFPROTO_IPV6 : NFPROTO_IPV4]);
    }

    /// <summary>Goes on if the packet's mark has any of these bits.</summary>
    public void IfMarked(uint bits)
    {
        message.Meta(NFT_META_MARK);
        message.Mask(BitConverter.GetBytes(bits));
        message.Compare(NFT_CMP_NEQ, BitConverter.GetBytes(0u));
    }

    /// <summary>Goes on if the packet is to an address of this host.</summary>
    public void IfDestinationIsLocal()
    {
        message.DestinationType();
        message.Compare(NFT_CMP_EQ, BitConverter.GetBytes((uint)RtNetlinkConstants.RTN_LOCAL));
    }

    /// <summary>Goes on if a set of addresses holds the source.</summary>
    public void IfSourceIn(string set)
    {
        LoadSource(NFT_REG_1);
        message.Lookup(set, inverted: false);
    }

    /// <summary>Goes on unless a set of pairs holds source and destination.</summary>
    public void UnlessSourceAndDestinationIn(string set)
    {
        LoadSource(NFT_REG_1);
        LoadDestination(isIPv6 ? NFT_REG_2 : NFT_REG32_01);
        message.Lookup(set, inverted: true);
    }

    /// <summary>Goes on if the source lies in the prefix.</summary>
    public void IfSourceIn(Cidr prefix)
    {
        LoadSource(NFT_REG_1);
        ComparePrefix(NFT_CMP_EQ, prefix);
    }

    /// <summary>Goes on unless the destination lies in the prefix.</summary>
    public void UnlessDestinationIn(Cidr prefix)
    {
        LoadDestination(NFT_REG_1);
        ComparePrefix(NFT_CMP_NEQ, prefix);
    }

    /// <summary>Goes on if a set of interfaces holds that by which the packet came in: on a bridge its port.</summary>
    public void IfInputIn(string set)
    {
        message.Meta(NFT_META_IIFNAME);
        message.Lookup(set, inverted: false);
    }

    /// <summary>Goes on if a set of interfaces holds that by which the packet goes out.</summary>
    public void IfOutputIn(string set)
    {
        message.Meta(NFT_META_OIFNAME);
        message.Lookup(set, inverted: false);
    }

    /// <summary>Goes on unless a set of pairs holds the interface by which the frame came in, and its sender's Ethernet address.</summary>
    public void UnlessInputAndEthernetSourceIn(string set)
    {
        message.Meta(NFT_META_IIFNAME);
        message.Payload(NFT_PAYLOAD_LL_HEADER, EthernetSource, EthernetBytes, NFT_REG_2);
        message.Lookup(set, inverted: true);
    }

    /// <summary>The packet ends here.</summary>
    public void Drop() => message.Verdict(NF_DROP);

    /// <summary>Leaves the chain: a packet in a base chain goes on as it is.</summary>
    public void Return() => message.Verdict(NFT_RETURN);

    /// <summary>Goes through another chain, and on behind it.</summary>
    public void Jump(string chain) => message.Verdict(NFT_JUMP, chain);

    /// <summary>Gives the packet these bits of the mark, whatever others it has.</summary>
    public void Mark(uint bits) => ChangeMark(bits, bits);

    /// <summary>Takes these bits of the mark from the packet.</summary>
    public void Unmark(uint bits) => ChangeMark(bits, 0);

    /// <summary>Gives the connection the address and port that a map has for its protocol and port; goes on with the next rule if it has none.</summary>
    public void DestinationNatByPort(string map)
    {
        message.Meta(NFT_META_L4PROTO, NFT_REG_1);
        message.Payload(NFT_PAYLOAD_TRANSPORT_HEADER, DestinationPort, PortBytes, NFT_REG32_01);
        message.LookupValue(map);
        message.DestinationNat(isIPv6);
    }

    /// <summary>As <see cref="DestinationNatByPort"/>, by a map whose keys begin with the destination address.</summary>
    public void DestinationNatByAddressAndPort(string map)
    {
        LoadDestination(NFT_REG_1);
        message.Meta(NFT_META_L4PROTO, isIPv6 ? NFT_REG_2 : NFT_REG32_01);
        message.Payload(NFT_PAYLOAD_TRANSPORT_HEADER, DestinationPort, PortBytes, isIPv6 ? NFT_REG32_05 : NFT_REG32_02);
        message.LookupValue(map);
        message.DestinationNat(isIPv6);
    }

    /// <summary>Gives the connection the address of the interface by which it leaves, and a source port by chance alone.</summary>
    public void MasqueradeFullyRandom() => message.Masquerade(NF_NAT_RANGE_PROTO_RANDOM_FULLY);

    internal Span<byte> Finish()
    {
        message.End(Expressions);
        return message.Finish();
    }

    private void ChangeMark(uint bits, uint value)
    {
        message.Meta(NFT_META_MARK);
        message.MaskAndFlip(BitConverter.GetBytes(~bits), BitConverter.GetBytes(value));
        message.SetMark();
    }

    /// <summary>Compares the address in the first register.</summary>
    private void ComparePrefix(uint comparison, Cidr prefix)
    {
        Span<byte> bytes = stackalloc byte[prefix.Address.ByteCount];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(0xff00 >> Math.Clamp(prefix.PrefixLength - (8 * i), 0, 8));
        }

        message.Mask(bytes);
        prefix.First.Write(bytes);
        message.Compare(comparison, bytes);
    }

    private void LoadSource(uint register) => message.Payload(NFT_PAYLOAD_NETWORK_HEADER, isIPv6 ? IPv6Source : IPv4Source, AddressBytes, register);

    private void LoadDestination(uint register) => message.Payload(NFT_PAYLOAD_NETWORK_HEADER, isIPv6 ? IPv6Destination : IPv4Destination, AddressBytes, register);
}
