using CniTun.Linux.Netlink;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>
/// The expressions that a rule is a list of: each loads a register, tests one (the rule ends here if the test fails) or decides.
/// </summary>
/// <remarks>
/// The attributes are those of linux/netfilter/nf_tables.h; the names of the expressions are those that <c>nft --debug=netlink</c> prints.
/// Numbers go in network order; values that are compared go as the packet or the kernel has them.
/// </remarks>
internal static class NftExpressions
{
    /// <summary>Loads bytes of a header into a register; a rest of the last 4 bytes becomes zero.</summary>
    /// <param name="message">The rule.</param>
    /// <param name="header">NFT_PAYLOAD_*_HEADER.</param>
    /// <param name="offset">Where in the header.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="register">Where to.</param>
    public static void Payload(this ref NetlinkWriter message, uint header, uint offset, uint length, uint register)
    {
        var expression = Begin(ref message, "payload", out var data);
        message.AttributeBigEndian(NFTA_PAYLOAD_DREG, register);
        message.AttributeBigEndian(NFTA_PAYLOAD_BASE, header);
        message.AttributeBigEndian(NFTA_PAYLOAD_OFFSET, offset);
        message.AttributeBigEndian(NFTA_PAYLOAD_LEN, length);
        End(ref message, expression, data);
    }

    /// <summary>Loads a fact about the packet into a register: its mark (4 bytes, host order), its family (1 byte), its protocol (1 byte),
    /// the interface that it came in by or goes out by (16 bytes, the name and zeros).</summary>
    public static void Meta(this ref NetlinkWriter message, uint key, uint register = NFT_REG_1)
    {
        var expression = Begin(ref message, "meta", out var data);
        message.AttributeBigEndian(NFTA_META_KEY, key);
        message.AttributeBigEndian(NFTA_META_DREG, register);
        End(ref message, expression, data);
    }

    /// <summary>Gives the packet the mark that lies in the first register.</summary>
    public static void SetMark(this ref NetlinkWriter message)
    {
        var expression = Begin(ref message, "meta", out var data);
        message.AttributeBigEndian(NFTA_META_KEY, NFT_META_MARK);
        message.AttributeBigEndian(NFTA_META_SREG, NFT_REG_1);
        End(ref message, expression, data);
    }

    /// <summary>Loads what kind of address the destination is to this host (RTN_* of linux/rtnetlink.h; 4 bytes, host order) into the first register.</summary>
    public static void DestinationType(this ref NetlinkWriter message)
    {
        var expression = Begin(ref message, "fib", out var data);
        message.AttributeBigEndian(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
        message.AttributeBigEndian(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
        message.AttributeBigEndian(NFTA_FIB_DREG, NFT_REG_1);
        End(ref message, expression, data);
    }

    /// <summary>Keeps of the first register the bits of a mask of its length.</summary>
    public static void Mask(this ref NetlinkWriter message, scoped ReadOnlySpan<byte> mask)
    {
        Span<byte> zero = stackalloc byte[mask.Length];
        zero.Clear();
        message.MaskAndFlip(mask, zero);
    }

    /// <summary>Keeps of the first register the bits of a mask, then flips those of a second.</summary>
    public static void MaskAndFlip(this ref NetlinkWriter message, scoped ReadOnlySpan<byte> mask, scoped ReadOnlySpan<byte> flip)
    {
        var expression = Begin(ref message, "bitwise", out var data);
        message.AttributeBigEndian(NFTA_BITWISE_SREG, NFT_REG_1);
        message.AttributeBigEndian(NFTA_BITWISE_DREG, NFT_REG_1);
        message.AttributeBigEndian(NFTA_BITWISE_LEN, (uint)mask.Length);
        message.AppendData(NFTA_BITWISE_MASK, mask);
        message.AppendData(NFTA_BITWISE_XOR, flip);
        End(ref message, expression, data);
    }

    /// <summary>Goes on if the first register compares so with a value.</summary>
    public static void Compare(this ref NetlinkWriter message, uint comparison, scoped ReadOnlySpan<byte> value)
    {
        var expression = Begin(ref message, "cmp", out var data);
        message.AttributeBigEndian(NFTA_CMP_SREG, NFT_REG_1);
        message.AttributeBigEndian(NFTA_CMP_OP, comparison);
        message.AppendData(NFTA_CMP_DATA, value);
        End(ref message, expression, data);
    }

    /// <summary>Goes on if the set holds what lies in the registers from the first on; with <paramref name="inverted"/> if it does not.</summary>
    public static void Lookup(this ref NetlinkWriter message, string set, bool inverted)
    {
        var expression = Begin(ref message, "lookup", out var data);
        message.Attribute(NFTA_LOOKUP_SET, set);
        message.AttributeBigEndian(NFTA_LOOKUP_SREG, NFT_REG_1);
        if (inverted)
        {
            message.AttributeBigEndian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        }

        End(ref message, expression, data);
    }

    /// <summary>Goes on if the map has a value for what lies in the registers from the first on, and loads it there in its place.</summary>
    public static void LookupValue(this ref NetlinkWriter message, string map)
    {
        var expression = Begin(ref message, "lookup", out var data);
        message.Attribute(NFTA_LOOKUP_SET, map);
        message.AttributeBigEndian(NFTA_LOOKUP_SREG, NFT_REG_1);
        message.AttributeBigEndian(NFTA_LOOKUP_DREG, NFT_REG_1);
        End(ref message, expression, data);
    }

    /// <summary>Gives the connection another destination: the address in the first register, and the port behind it.</summary>
    public static void DestinationNat(this ref NetlinkWriter message, bool isIPv6)
    {
        var expression = Begin(ref message, "nat", out var data);
        message.AttributeBigEndian(NFTA_NAT_TYPE, NFT_NAT_DNAT);
        message.AttributeBigEndian(NFTA_NAT_FAMILY, isIPv6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
        message.AttributeBigEndian(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
        message.AttributeBigEndian(NFTA_NAT_REG_PROTO_MIN, isIPv6 ? NFT_REG_2 : NFT_REG32_01);
        End(ref message, expression, data);
    }

    /// <summary>Decides: NFT_RETURN and its like; a jump names the chain.</summary>
    public static void Verdict(this ref NetlinkWriter message, int code, string? chain = null)
    {
        var expression = Begin(ref message, "immediate", out var data);
        message.AttributeBigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        var value = message.Begin(NFTA_IMMEDIATE_DATA | NLA_F_NESTED);
        var verdict = message.Begin(NFTA_DATA_VERDICT | NLA_F_NESTED);
        message.AttributeBigEndian(NFTA_VERDICT_CODE, (uint)code);
        if (chain is not null)
        {
            message.Attribute(NFTA_VERDICT_CHAIN, chain);
        }

        message.End(verdict);
        message.End(value);
        End(ref message, expression, data);
    }

    /// <summary>Rewrites the source to the address of the interface by which the packet leaves.</summary>
    /// <param name="message">The rule.</param>
    /// <param name="flags">NF_NAT_RANGE_* of linux/netfilter/nf_nat.h.</param>
    public static void Masquerade(this ref NetlinkWriter message, uint flags)
    {
        var expression = Begin(ref message, "masq", out var data);
        message.AttributeBigEndian(NFTA_MASQ_FLAGS, flags);
        End(ref message, expression, data);
    }

    /// <summary>Appends a value in the nest that nf_tables wants around each.</summary>
    public static void AppendData(this ref NetlinkWriter message, ushort type, scoped ReadOnlySpan<byte> value)
    {
        var nest = message.Begin((ushort)(type | NLA_F_NESTED));
        message.Attribute(NFTA_DATA_VALUE, value);
        message.End(nest);
    }

    private static int Begin(ref NetlinkWriter message, string name, out int data)
    {
        var expression = message.Begin(NFTA_LIST_ELEM | NLA_F_NESTED);
        message.Attribute(NFTA_EXPR_NAME, name);
        data = message.Begin(NFTA_EXPR_DATA | NLA_F_NESTED);
        return expression;
    }

    private static void End(ref NetlinkWriter message, int expression, int data)
    {
        message.End(data);
        message.End(expression);
    }
}
