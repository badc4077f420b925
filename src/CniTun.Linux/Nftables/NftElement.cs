using System.Buffers.Binary;
using System.Text;
using CniTun.Addresses;
using CniTun.Linux.Netlink;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>
/// One element of a set: an address, or an address together with a prefix; an interface, or an interface together with an address. Or of a map:
/// a port, also of one address alone, and where it leads.
/// </summary>
public sealed class NftElement
{
    private readonly byte[] key;
    private readonly byte[]? keyEnd;
    private readonly bool isNamed;
    private readonly byte[]? value;

    /// <param name="key">As the set has it.</param>
    /// <param name="keyEnd">The last key of a stretch; null for one key.</param>
    /// <param name="isNamed">Whether the key begins with the name of an interface.</param>
    /// <param name="comment">What people see.</param>
    /// <param name="value">What a map has for the key; null in a set.</param>
    private NftElement(byte[] key, byte[]? keyEnd, bool isNamed, string? comment, byte[]? value = null)
    {
        this.value = value;
        this.key = key;
        this.keyEnd = keyEnd;
        this.isNamed = isNamed;
        Comment = comment;
    }

    /// <summary>Gets what <c>nft list</c> shows beside the element; null if it has none.</summary>
    public string? Comment { get; }

    /// <summary>Gets the interface that the key begins with; null if it begins with an address.</summary>
    public string? InterfaceName => isNamed && key.Length >= IFNAMSIZ ? Encoding.UTF8.GetString(key.AsSpan(0, IFNAMSIZ)).TrimEnd('\0') : null;

    /// <summary>Makes an element of a set of addresses.</summary>
    /// <exception cref="ArgumentException">The comment is longer than <see cref="NftComment.LongestBytes"/>.</exception>
    public static NftElement Of(IpAddress address, string comment)
    {
        var bytes = new byte[address.ByteCount];
        address.Write(bytes);
        return new NftElement(bytes, null, isNamed: false, comment);
    }

    /// <summary>Makes an element of a set of pairs: this first address, and any second within the prefix.</summary>
    /// <exception cref="ArgumentException">The two are of different families.</exception>
    public static NftElement Of(IpAddress first, Cidr second, string comment)
    {
        if (first.IsIPv6 != second.Address.IsIPv6)
        {
            throw new ArgumentException($"{first} and {second} are of different families", nameof(second));
        }

        return new NftElement(Concatenated(first, second.First), Concatenated(first, second.Last), isNamed: false, comment);
    }

    /// <summary>Makes an element of a set of interfaces.</summary>
    /// <exception cref="ArgumentException">The name has more than 15 bytes, or the comment is longer than <see cref="NftComment.LongestBytes"/>.</exception>
    public static NftElement Of(string interfaceName, string comment)
    {
        var bytes = new byte[IFNAMSIZ];
        Encoding.UTF8.GetBytes(interfaceName, bytes.AsSpan(0, IFNAMSIZ - 1));
        return new NftElement(bytes, null, isNamed: true, comment);
    }

    /// <summary>Makes an element of a set of pairs, interface and Ethernet address.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Of(string, string)"/>.</exception>
    public static NftElement Of(string interfaceName, MacAddress address, string comment)
    {
        // Each part of a key fills up registers of 4 bytes.
        var bytes = new byte[IFNAMSIZ + MacAddress.ByteCount + 2];
        Encoding.UTF8.GetBytes(interfaceName, bytes.AsSpan(0, IFNAMSIZ - 1));
        address.Write(bytes.AsSpan(IFNAMSIZ));
        return new NftElement(bytes, null, isNamed: true, comment);
    }

    /// <summary>Makes an element of a map of ports.</summary>
    /// <param name="address">The destination address, in a map whose keys begin with one; null in another.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <param name="port">The destination port.</param>
    /// <param name="target">Where the connection goes.</param>
    /// <param name="comment">What people see.</param>
    /// <exception cref="ArgumentException">The comment is longer than <see cref="NftComment.LongestBytes"/>.</exception>
    public static NftElement Of(IpAddress? address, byte protocol, ushort port, IpEndpoint target, string comment)
    {
        // Each part of a key, and of a value, fills up registers of 4 bytes.
        var addressBytes = address?.ByteCount ?? 0;
        var from = new byte[addressBytes + 8];
        address?.Write(from);
        from[addressBytes] = protocol;
        BinaryPrimitives.WriteUInt16BigEndian(from.AsSpan(addressBytes + 4), port);
        var to = new byte[target.Address.ByteCount + 4];
        BinaryPrimitives.WriteUInt16BigEndian(to.AsSpan(target.Address.Write(to)), target.Port);
        return new NftElement(from, null, isNamed: false, comment, to);
    }

    /// <summary>Tells whether the two have one value, or both none.</summary>
    public bool HasValueOf(NftElement other) => value.AsSpan().SequenceEqual(other.value);

    /// <summary>Tells whether the two have one key, whatever their comments.</summary>
    public bool HasKeyOf(NftElement other) =>
        key.AsSpan().SequenceEqual(other.key) && keyEnd.AsSpan().SequenceEqual(other.keyEnd);

    /// <summary>Writes the key, of a prefix the first address: for an error.</summary>
    public override string ToString() => key.Length switch
    {
        _ when value is not null => PortText(),
        IFNAMSIZ when isNamed => InterfaceName!,
        > IFNAMSIZ + MacAddress.ByteCount when isNamed => $"{InterfaceName} . {MacAddress.FromBytes(key.AsSpan(IFNAMSIZ, MacAddress.ByteCount))}",
        4 or 16 => IpAddress.FromBytes(key).ToString(),
        8 or 32 => string.Concat(Half(0), " . ", Half(key.Length / 2)),
        _ => "something",
    };

    /// <summary>Reads one entry of NFTA_SET_ELEM_LIST_ELEMENTS; null if it has no key.</summary>
    internal static NftElement? Read(NetlinkAttributes attributes, bool isNamed)
    {
        byte[]? first = null;
        byte[]? last = null;
        byte[]? mapped = null;
        string? comment = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_SET_ELEM_KEY:
                    first = ReadValue(attributes.Nested);
                    break;
                case NFTA_SET_ELEM_KEY_END:
                    last = ReadValue(attributes.Nested);
                    break;
                case NFTA_SET_ELEM_DATA:
                    mapped = ReadValue(attributes.Nested);
                    break;
                case NFTA_SET_ELEM_USERDATA:
                    comment = NftComment.Decode(attributes.Value);
                    break;
            }
        }

        return first is null ? null : new NftElement(first, last, isNamed, comment, mapped);
    }

    /// <summary>Appends a list of this element alone; without comment and value it is what a deletion names.</summary>
    internal void WriteList(ref NetlinkWriter message, bool withComment)
    {
        var list = message.Begin(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        var entry = message.Begin(NFTA_LIST_ELEM | NLA_F_NESTED);
        message.AppendData(NFTA_SET_ELEM_KEY, key);
        if (keyEnd is not null)
        {
            message.AppendData(NFTA_SET_ELEM_KEY_END, keyEnd);
        }

        if (withComment && value is not null)
        {
            message.AppendData(NFTA_SET_ELEM_DATA, value);
        }

        if (withComment && Comment is not null)
        {
            message.Attribute(NFTA_SET_ELEM_USERDATA, NftComment.Encode(Comment));
        }

        message.End(entry);
        message.End(list);
    }

    private static byte[]? ReadValue(NetlinkAttributes data)
    {
        while (data.MoveNext())
        {
            if (data.Type == NFTA_DATA_VALUE)
            {
                return data.Value.ToArray();
            }
        }

        return null;
    }

    private static byte[] Concatenated(IpAddress first, IpAddress second)
    {
        var bytes = new byte[first.ByteCount * 2];
        second.Write(bytes.AsSpan(first.Write(bytes)));
        return bytes;
    }

    private string Half(int start) => IpAddress.FromBytes(key.AsSpan(start, key.Length / 2)).ToString();

    private string PortText()
    {
        var protocol = key[^8];
        var name = protocol switch { 6 => "tcp", 17 => "udp", 132 => "sctp", _ => $"protocol {protocol}" };
        var address = key.Length > 8 ? $"{IpAddress.FromBytes(key.AsSpan(0, key.Length - 8))} " : string.Empty;
        return $"{address}{name} port {BinaryPrimitives.ReadUInt16BigEndian(key.AsSpan(key.Length - 4))}";
    }
}
