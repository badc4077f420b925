using CniTun.Addresses;
using CniTun.Ipam;
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
///     chain restored: see FirewallTable
/// }
/// </code>
/// <para>Of family bridge: a frame is looked at as it comes into the bridge, before the bridge learns from it.</para>
/// </remarks>
internal sealed class SpoofTable : FirewallTable
{
    private const string GuardedSet = "guarded";
    private const string OwnSet = "own";
    private const string DropRule = "drop what comes from another address";

    public override NftTable Table => new(NftFamily.Bridge, Name);

    public override string Chain => "prerouting";

    public override IReadOnlyList<string> Rules { get; } = [DropRule];

    public override IReadOnlyList<string> Sets { get; } = [GuardedSet, OwnSet];

    public override IEnumerable<FirewallElement> ElementsOf(string owner, Attachment attachment, EndpointRecord record) =>
        record.HeldTo is { } mac ? [GuardedOf(owner, attachment), OwnOf(owner, attachment, mac)] : [];

    public static FirewallElement GuardedOf(string owner, Attachment attachment) =>
        new(GuardedSet, NftElement.Of(EndpointNames.HostVeth(attachment), owner));

    public static FirewallElement OwnOf(string owner, Attachment attachment, MacAddress mac) =>
        new(OwnSet, NftElement.Of(EndpointNames.HostVeth(attachment), mac, owner));

    public override void Write(NftTransaction transaction)
    {
        Begin(transaction);
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
