using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>The table that gives containers the node's address towards the world.</summary>
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
///     chain restored: see FirewallTable
/// }
/// </code>
/// <para>The direct sets are such as the kernel removes from in time that grows with their size: 0.1 ms from an empty one, 0.6 ms at 250 elements,
/// 6 ms at 2,000 (Linux 6.18). All else takes microseconds at any size.</para>
/// <para>Sources alone decide, so what the node itself sends, the tunnel's datagrams among it, is never touched.</para>
/// </remarks>
internal sealed class MasqueradeTable : FirewallTable
{
    /// <summary>What Kubernetes, and the tunnel, mark packets with that are masqueraded elsewhere or must keep their source.</summary>
    private const uint SkipMark = 0x4000;

    private const string SkipRule = "skip mark 0x4000";
    private const string MasqueradeRule4 = "masquerade IPv4";
    private const string MasqueradeRule6 = "masquerade IPv6";

    public override NftTable Table => new(NftFamily.Inet, Name);

    public override string Chain => "postrouting";

    public override IReadOnlyList<string> Rules { get; } = [SkipRule, MasqueradeRule4, MasqueradeRule6];

    public override IReadOnlyList<string> Sets { get; } = ["masquerade4", "direct4", "masquerade6", "direct6"];

    public override IEnumerable<FirewallElement> ElementsOf(string owner, Attachment attachment, EndpointRecord record)
    {
        foreach (var cidr in record.Masqueraded)
        {
            yield return MasqueradeOf(owner, cidr);
            yield return DirectOf(owner, cidr);
        }
    }

    public static FirewallElement MasqueradeOf(string owner, Cidr cidr) =>
        new(MasqueradeSet(cidr.Address.IsIPv6), NftElement.Of(cidr.Address, owner));

    public static FirewallElement DirectOf(string owner, Cidr cidr) =>
        new(DirectSet(cidr.Address.IsIPv6), NftElement.Of(cidr.Address, cidr.Network, owner));

    public override void Write(NftTransaction transaction)
    {
        Begin(transaction);
        transaction.AddSourceNatChain(Chain);
        WriteSets(transaction, isIPv6: false);
        WriteSets(transaction, isIPv6: true);
        transaction.FlushChain(Chain);
        var skip = transaction.BeginRule(Chain, SkipRule);
        skip.IfMarked(SkipMark);
        skip.Return();
        transaction.End(skip);
        WriteRule(transaction, isIPv6: false, MasqueradeRule4, new Cidr(IpAddress.FromIPv4(0xe000_0000), 4));
        WriteRule(transaction, isIPv6: true, MasqueradeRule6, new Cidr(IpAddress.FromIPv6((UInt128)0xff << 120), 8));
    }

    private static string MasqueradeSet(bool isIPv6) => isIPv6 ? "masquerade6" : "masquerade4";

    private static string DirectSet(bool isIPv6) => isIPv6 ? "direct6" : "direct4";

    private static void WriteSets(NftTransaction transaction, bool isIPv6)
    {
        transaction.AddAddressSet(MasqueradeSet(isIPv6), isIPv6);
        transaction.AddPairSet(DirectSet(isIPv6), isIPv6);
    }

    private void WriteRule(NftTransaction transaction, bool isIPv6, string comment, Cidr multicast)
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
