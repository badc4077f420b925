using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>The table that holds containers to their own Ethernet addresses.</summary>
/// <remarks>
/// <code>
/// table bridge cnitun {
///     set guarded { type ifname }                     # host ends whose container may not choose its address
///     set own { type ifname . ether_addr }            # host end and the address of its container
///     chain prerouting {
///         type filter hook prerouting priority dstnat; policy accept;
///         iifname @guarded iifname . ether saddr != @own drop
///     }
/// }
/// </code>
/// <para>Of family bridge: a frame is looked at as it comes into the bridge, before the bridge learns from it.</para>
/// </remarks>
internal sealed class SpoofTable : FirewallTable
{
    public const string GuardedSet = "guarded";
    public const string OwnSet = "own";

    private const string DropRule = "drop what comes from another address";

    public override NftTable Table => new(NftFamily.Bridge, Name);

    public override string Chain => "prerouting";

    public override IReadOnlyList<string> Rules { get; } = [DropRule];

    public override IReadOnlyList<string> Sets { get; } = [GuardedSet, OwnSet];

    public override void Write(NftTransaction transaction)
    {
        transaction.AddTable();
        transaction.AddBridgeInputChain(Chain);
        transaction.AddInterfaceSet(GuardedSet);
        transaction.AddInterfaceAddressSet(OwnSet);
        transaction.FlushChain(Chain);
        var rule = transaction.BeginRule(Chain, DropRule);
        rule.IfInputIn(GuardedSet);
        rule.UnlessInputAndEthernetSourceIn(OwnSet);
        rule.Drop();
        transaction.End(rule);
    }
}
