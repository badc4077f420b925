using CniTun.Addresses;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint;

/// <summary>
/// Our nftables table: chains, rules and sets that stay, whatever containers come and go; what belongs to one is elements of the sets alone.
/// </summary>
/// <remarks>
/// <code>
/// table inet cnitun {
///     set masquerade4 { type ipv4_addr }                              # containers whose connections get the node's address
///     set direct4 { type ipv4_addr . ipv4_addr; flags interval }      # container and destination where they keep their own
///     (and the same for IPv6)
///     chain postrouting {
///         type nat hook postrouting priority srcnat; policy accept;
///         meta mark &amp; 0x4000 != 0 return
///         ip saddr @masquerade4 ip saddr . ip daddr != @direct4 ip daddr != 224.0.0.0/4 masquerade fully-random
///     }
/// }
/// </code>
/// <para>The direct sets are such as the kernel removes from in time that grows with their size: 0.1 ms from an empty one, 0.6 ms at 250 elements,
/// 6 ms at 2,000 (Linux 6.18). All else takes microseconds at any size.</para>
/// <para>Sources alone decide, so what the node itself sends, the tunnel's datagrams among it, is never touched.</para>
/// <para>A rule is known by its comment: whoever changes what a rule says changes the comment, and then the next ADD on a node replaces the
/// rules that an older version left. A set whose shape changes gets another name.</para>
/// </remarks>
internal static class FirewallTable
{
    public const string Name = "cnitun";
    public const string Chain = "postrouting";

    /// <summary>What Kubernetes, and the tunnel, mark packets with that are masqueraded elsewhere or must keep their source.</summary>
    private const uint SkipMark = 0x4000;

    private const string SkipRule = "skip mark 0x4000";
    private const string MasqueradeRule4 = "masquerade IPv4";
    private const string MasqueradeRule6 = "masquerade IPv6";

    private static readonly string[] Rules = [SkipRule, MasqueradeRule4, MasqueradeRule6];

    /// <summary>Gets every set.</summary>
    public static string[] Sets { get; } = ["masquerade4", "direct4", "masquerade6", "direct6"];

    public static string MasqueradeSet(bool isIPv6) => Sets[isIPv6 ? 2 : 0];

    public static string DirectSet(bool isIPv6) => Sets[isIPv6 ? 3 : 1];

    /// <summary>Makes what is missing and writes the rules anew: the same whoever does it, and how often.</summary>
    public static void Write(NftTransaction transaction)
    {
        transaction.AddTable();
        transaction.AddSourceNatChain(Chain);
        WriteSets(transaction, isIPv6: false);
        WriteSets(transaction, isIPv6: true);
        transaction.FlushChain(Chain);
        var skip = transaction.BeginRule(Chain, SkipRule);
        skip.IfMarked(SkipMark);
        skip.Return();
        transaction.End(skip);
        WriteMasqueradeRule(transaction, isIPv6: false, MasqueradeRule4, new Cidr(IpAddress.FromIPv4(0xe000_0000), 4));
        WriteMasqueradeRule(transaction, isIPv6: true, MasqueradeRule6, new Cidr(IpAddress.FromIPv6((UInt128)0xff << 120), 8));
    }

    /// <summary>Names the first rule that is missing or not where it belongs; null if all are there, and so the chain and the sets that they name.</summary>
    public static string? Missing(NftablesNetlink netlink)
    {
        var present = netlink.RuleComments(Name, Chain);
        for (var i = 0; i < Rules.Length; i++)
        {
            if (i >= present.Count || present[i] != Rules[i])
            {
                return $"rule \"{Rules[i]}\" in chain {Chain} of nftables table inet {Name}";
            }
        }

        return null;
    }

    private static void WriteSets(NftTransaction transaction, bool isIPv6)
    {
        transaction.AddAddressSet(MasqueradeSet(isIPv6), isIPv6);
        transaction.AddPairSet(DirectSet(isIPv6), isIPv6);
    }

    private static void WriteMasqueradeRule(NftTransaction transaction, bool isIPv6, string comment, Cidr multicast)
    {
        var rule = transaction.BeginRule(Chain, comment);
        rule.IfFamily(isIPv6);
        rule.IfSourceIn(MasqueradeSet(isIPv6));
        rule.UnlessSourceAndDestinationIn(DirectSet(isIPv6));
        rule.UnlessDestinationIn(multicast);
        rule.MasqueradeFullyRandom();
        transaction.End(rule);
    }
}
