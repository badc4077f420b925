using CniTun.Addresses;
using CniTun.Linux.Netlink;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>One element of a set: an address, or an address together with a prefix.</summary>
public sealed class NftElement
{
    private readonly byte[] key;
    private readonly byte[]? keyEnd;

    private NftElement(byte[] key, byte[]? keyEnd, string? comment)
    {
        this.key = key;
        this.keyEnd = keyEnd;
        Comment = comment;
    }

    /// <summary>Gets what <c>nft list</c> shows beside the element; null if it has none.</summary>
    public string? Comment { get; }

    /// <summary>Makes an element of a set of addresses.</summary>
    /// <exception cref="ArgumentException">The comment is longer than <see cref="NftComment.LongestBytes"/>.</exception>
    public static NftElement Of(IpAddress address, string comment)
    {
        var bytes = new byte[address.ByteCount];
        address.Write(bytes);
        return new NftElement(bytes, null, comment);
    }

    /// <summary>Makes an element of a set of pairs: this first address, and any second within the prefix.</summary>
    /// <exception cref="ArgumentException">The two are of different families.</exception>
    public static NftElement Of(IpAddress first, Cidr second, string comment)
    {
        if (first.IsIPv6 != second.Address.IsIPv6)
        {
            throw new ArgumentException($"{first} and {second} are of different families", nameof(second));
        }

        return new NftElement(Concatenated(first, second.First), Concatenated(first, second.Last), comment);
    }

    /// <summary>Tells whether the two have one key, whatever their comments.</summary>
    public bool HasKeyOf(NftElement other) =>
        key.AsSpan().SequenceEqual(other.key) && keyEnd.AsSpan().SequenceEqual(other.keyEnd);

    /// <summary>Writes the address, or the address and the first of the prefix; whatever else somebody keeps in a set as bytes.</summary>
    public override string ToString() => key.Length switch
    {
        4 or 16 => IpAddress.FromBytes(key).ToString(),
        8 or 32 => $"{IpAddress.FromBytes(key.AsSpan(0, key.Length / 2))} . {IpAddress.FromBytes(key.AsSpan(key.Length / 2))}",
        _ => Convert.ToHexString(key),
    };

    /// <summary>Reads one entry of NFTA_SET_ELEM_LIST_ELEMENTS; null if it has no key.</summary>
    internal static NftElement? Read(NetlinkAttributes attributes)
    {
        byte[]? first = null;
        byte[]? last = null;
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
                case NFTA_SET_ELEM_USERDATA:
                    comment = NftComment.Decode(attributes.Value);
                    break;
            }
        }

        return first is null ? null : new NftElement(first, last, comment);
    }

    /// <summary>Appends a list of this element alone; without the comment it is what a deletion names.</summary>
    internal void WriteList(ref NetlinkWriter message, bool withComment)
    {
        var list = message.Begin(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        var entry = message.Begin(NFTA_LIST_ELEM | NLA_F_NESTED);
        message.AppendData(NFTA_SET_ELEM_KEY, key);
        if (keyEnd is not null)
        {
            message.AppendData(NFTA_SET_ELEM_KEY_END, keyEnd);
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
}
