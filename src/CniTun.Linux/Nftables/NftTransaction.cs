using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CniTun.Linux.Netlink;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>
/// Changes to one table that happen all at once or not at all: <see cref="NftablesNetlink.Commit"/> sends them as one batch.
/// </summary>
/// <remarks>
/// What is made "if missing" may be there already, as long as it is the same. Changes happen in the order of the calls, so that one may rely on
/// those before it. Not for two threads; may be committed again, as after a race that was lost.
/// </remarks>
public sealed class NftTransaction
{
    /// <summary>What <c>nft</c> calls ipv4_addr and ipv6_addr (its datatype.h): the kernel only keeps the number, for <c>nft list</c>.</summary>
    private const uint IPv4AddressType = 7;
    private const uint IPv6AddressType = 8;

    /// <summary>And what it calls ether_addr and ifname.</summary>
    private const uint EthernetAddressType = 9;

    /// <summary>And inet_proto and inet_service, each of which takes a register of 4 bytes.</summary>
    private const uint ProtocolType = 12;
    private const uint PortType = 13;
    private const uint RegisterBytes = 4;
    private const uint InterfaceNameType = 41;

    /// <summary>An Ethernet address takes two registers of 4 bytes.</summary>
    private const uint EthernetAddressBytes = 8;

    /// <summary>By how many bits <c>nft</c> shifts the first type of a pair.</summary>
    private const int TypeBits = 6;

    private const ushort CreateIfMissing = NLM_F_CREATE;

    private readonly NftTable table;
    private readonly List<string> subjects = [];

    // Messages one behind the other; the last ends at length.
    private byte[] buffer = new byte[2 * NetlinkSocket.RequestBytes];
    private int length;
    private int last;

    /// <summary>Initializes a new instance of the <see cref="NftTransaction"/> class: no changes yet.</summary>
    /// <param name="table">What is changed.</param>
    public NftTransaction(NftTable table)
    {
        this.table = table;
        Append(BatchEdge(NFNL_MSG_BATCH_BEGIN), table.ToString());
    }

    /// <summary>Gets a value indicating whether nothing is to be changed.</summary>
    public bool IsEmpty => subjects.Count == 1;

    /// <summary>Gets what <c>nft list</c> reads names by, in libnftnl's format as <see cref="NftComment"/>: type 0 of a set, 4 bytes, its number for host order.</summary>
    private static ReadOnlySpan<byte> KeysInHostOrder => [0, 4, 1, 0, 0, 0];

    /// <summary>Makes the table if it is missing.</summary>
    public void AddTable()
    {
        var message = Begin(NFT_MSG_NEWTABLE, CreateIfMissing);
        message.Attribute(NFTA_TABLE_NAME, table.Name);
        End(message, table.ToString());
    }

    /// <summary>Makes, if it is missing, a chain that sees the first packet of each connection after routing, to change its source.</summary>
    public void AddSourceNatChain(string name) => AddChain(name, "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);

    /// <summary>Makes, if it is missing, a chain that sees the first packet of each connection that comes in, to change its destination.</summary>
    public void AddDestinationNatChain(string name) => AddChain(name, "nat", NF_INET_PRE_ROUTING, unchecked((uint)NF_IP_PRI_NAT_DST));

    /// <summary>As <see cref="AddDestinationNatChain"/>, for connections of the host itself.</summary>
    public void AddOutputNatChain(string name) => AddChain(name, "nat", NF_INET_LOCAL_OUT, unchecked((uint)NF_IP_PRI_NAT_DST));

    /// <summary>Makes, if it is missing, a chain that sees only what jumps there.</summary>
    public void AddChain(string name)
    {
        var message = Begin(NFT_MSG_NEWCHAIN, CreateIfMissing);
        message.Attribute(NFTA_CHAIN_TABLE, table.Name);
        message.Attribute(NFTA_CHAIN_NAME, name);
        End(message, $"chain {name}");
    }

    /// <summary>Makes, if it is missing, a chain that sees each frame as it comes into a bridge: for tables of family bridge.</summary>
    public void AddBridgeInputChain(string name) => AddChain(name, "filter", NF_BR_PRE_ROUTING, unchecked((uint)NF_BR_PRI_NAT_DST_BRIDGED));

    /// <summary>Makes a set of addresses if it is missing: a hash table.</summary>
    public void AddAddressSet(string name, bool isIPv6)
    {
        var message = BeginSet(name, isIPv6 ? IPv6AddressType : IPv4AddressType, isIPv6 ? 16u : 4u, 0);
        End(message, $"set {name}");
    }

    /// <summary>Makes a set of names of interfaces if it is missing.</summary>
    public void AddInterfaceSet(string name)
    {
        var message = BeginSet(name, InterfaceNameType, IFNAMSIZ, 0);
        message.Attribute(NFTA_SET_USERDATA, KeysInHostOrder);
        End(message, $"set {name}");
    }

    /// <summary>Makes a set of pairs, the name of an interface and an Ethernet address, if it is missing.</summary>
    public void AddInterfaceAddressSet(string name)
    {
        var message = BeginSet(name, (InterfaceNameType << TypeBits) | EthernetAddressType, IFNAMSIZ + EthernetAddressBytes, 0);
        End(message, $"set {name}");
    }

    /// <summary>Makes a set of pairs, an address and a prefix, if it is missing.</summary>
    /// <remarks>No two pairs in it should overlap; of those that do, the kernel refuses (EEXIST) only one that begins or ends within another.</remarks>
    public void AddPairSet(string name, bool isIPv6)
    {
        var type = isIPv6 ? IPv6AddressType : IPv4AddressType;
        var fieldBytes = isIPv6 ? 16u : 4u;
        var message = BeginSet(name, (type << TypeBits) | type, 2 * fieldBytes, NFT_SET_INTERVAL | NFT_SET_CONCAT);
        var description = message.Begin(NFTA_SET_DESC | NLA_F_NESTED);
        var fields = message.Begin(NFTA_SET_DESC_CONCAT | NLA_F_NESTED);
        for (var i = 0; i < 2; i++)
        {
            var field = message.Begin(NFTA_LIST_ELEM | NLA_F_NESTED);
            message.AttributeBigEndian(NFTA_SET_FIELD_LEN, fieldBytes);
            message.End(field);
        }

        message.End(fields);
        message.End(description);
        End(message, $"set {name}");
    }

    /// <summary>Makes, if it is missing, a map from protocol and port to an address and a port.</summary>
    /// <param name="name">The map's.</param>
    /// <param name="isIPv6">Of which family the addresses are.</param>
    /// <param name="byAddress">Whether the keys begin with an address.</param>
    public void AddPortMap(string name, bool isIPv6, bool byAddress)
    {
        var addressType = isIPv6 ? IPv6AddressType : IPv4AddressType;
        var addressBytes = isIPv6 ? 16u : 4u;
        var type = (ProtocolType << TypeBits) | PortType;
        var message = byAddress
            ? BeginSet(name, (addressType << (2 * TypeBits)) | type, addressBytes + (2 * RegisterBytes), NFT_SET_MAP)
            : BeginSet(name, type, 2 * RegisterBytes, NFT_SET_MAP);
        message.AttributeBigEndian(NFTA_SET_DATA_TYPE, (addressType << TypeBits) | PortType);
        message.AttributeBigEndian(NFTA_SET_DATA_LEN, addressBytes + RegisterBytes);
        End(message, $"map {name}");
    }

    /// <summary>Removes every rule of a chain.</summary>
    public void FlushChain(string chain)
    {
        var message = Begin(NFT_MSG_DELRULE, 0);
        message.Attribute(NFTA_RULE_TABLE, table.Name);
        message.Attribute(NFTA_RULE_CHAIN, chain);
        End(message, $"rules of {chain}");
    }

    /// <summary>Begins a rule behind those that the chain has; <see cref="End(NftRule)"/> must follow before anything else.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="comment">At most <see cref="NftComment.LongestBytes"/>.</param>
    public NftRule BeginRule(string chain, string comment)
    {
        var message = Begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
        message.Attribute(NFTA_RULE_TABLE, table.Name);
        message.Attribute(NFTA_RULE_CHAIN, chain);
        message.Attribute(NFTA_RULE_USERDATA, NftComment.Encode(comment));
        var expressions = message.Begin(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
        return new NftRule(message, comment, expressions);
    }

    public void End(NftRule rule) => Append(rule.Finish(), $"rule \"{rule.Name}\"");

    /// <summary>Adds an element, which must not be there yet (EEXIST).</summary>
    public void Add(string set, NftElement element)
    {
        var message = BeginElements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set);
        element.WriteList(ref message, withComment: true);
        End(message, $"{element.ToString()} in set {set}");
    }

    /// <summary>Removes an element, which must be there (ENOENT).</summary>
    public void Delete(string set, NftElement element)
    {
        var message = BeginElements(NFT_MSG_DELSETELEM, 0, set);
        element.WriteList(ref message, withComment: false);
        End(message, $"{element.ToString()} in set {set}");
    }

    /// <summary>Gets the whole batch: its end appended, and only the last change asking for an acknowledgement.</summary>
    /// <remarks>A change that is refused is answered in any case; an answer to each of many would overflow the socket's receive buffer.</remarks>
    internal Span<byte> Finish()
    {
        Unsafe.As<byte, MessageHeader>(ref buffer[last]).Flags |= NLM_F_ACK;
        var end = BatchEdge(NFNL_MSG_BATCH_END);
        return buffer.AsSpan(0, length + end.Length);
    }

    /// <summary>Tells what the n-th message is about, for an error.</summary>
    internal string SubjectOf(int index) => subjects[Math.Min(index, subjects.Count - 1)];

    /// <summary>Writes the message before or behind the changes, which names who shall have them, where the next one begins.</summary>
    private Span<byte> BatchEdge(ushort type)
    {
        var message = new NetlinkWriter(Room(), type, NLM_F_REQUEST);
        message.Append(new NetfilterHeader { ResourceId = BinaryPrimitives.ReverseEndianness(NFNL_SUBSYS_NFTABLES) });
        return message.Finish();
    }

    private void AddChain(string name, string type, uint hookNumber, uint priority)
    {
        var message = Begin(NFT_MSG_NEWCHAIN, CreateIfMissing);
        message.Attribute(NFTA_CHAIN_TABLE, table.Name);
        message.Attribute(NFTA_CHAIN_NAME, name);
        var hook = message.Begin(NFTA_CHAIN_HOOK | NLA_F_NESTED);
        message.AttributeBigEndian(NFTA_HOOK_HOOKNUM, hookNumber);
        message.AttributeBigEndian(NFTA_HOOK_PRIORITY, priority);
        message.End(hook);
        message.Attribute(NFTA_CHAIN_TYPE, type);
        End(message, $"chain {name}");
    }

    private NetlinkWriter BeginSet(string name, uint type, uint keyBytes, uint flags)
    {
        var message = Begin(NFT_MSG_NEWSET, CreateIfMissing);
        message.Attribute(NFTA_SET_TABLE, table.Name);
        message.Attribute(NFTA_SET_NAME, name);
        message.AttributeBigEndian(NFTA_SET_FLAGS, flags);
        message.AttributeBigEndian(NFTA_SET_KEY_TYPE, type);
        message.AttributeBigEndian(NFTA_SET_KEY_LEN, keyBytes);

        // A number by which rules of the same batch could name it; ours go by the name.
        message.AttributeBigEndian(NFTA_SET_ID, (uint)subjects.Count);
        return message;
    }

    private NetlinkWriter BeginElements(ushort operation, ushort flags, string set)
    {
        var message = Begin(operation, flags);
        message.Attribute(NFTA_SET_ELEM_LIST_TABLE, table.Name);
        message.Attribute(NFTA_SET_ELEM_LIST_SET, set);
        return message;
    }

    private NetlinkWriter Begin(ushort operation, ushort flags) => NftMessage.Begin(Room(), table, operation, (ushort)(NLM_F_REQUEST | flags));

    private void End(NetlinkWriter message, string subject) => Append(message.Finish(), subject);

    private void Append(Span<byte> message, string subject)
    {
        last = length;
        length += message.Length;
        subjects.Add(subject);
    }

    private Span<byte> Room()
    {
        if (buffer.Length - length < NetlinkSocket.RequestBytes)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        return buffer.AsSpan(length, NetlinkSocket.RequestBytes);
    }
}
