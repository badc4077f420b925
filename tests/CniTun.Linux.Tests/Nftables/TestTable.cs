using CniTun.Addresses;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

/// <summary>A table with everything that we can put into one.</summary>
internal static class TestTable
{
    public static readonly NftTable Table = new(NftFamily.Inet, "test");

    /// <summary>The same for frames of a bridge.</summary>
    public static readonly NftTable BridgeTable = new(NftFamily.Bridge, "test");

    public static NftElement Port { get; } = NftElement.Of("port0", "three");

    public static NftElement PortAddress { get; } = NftElement.Of("port0", new MacAddress(0x0a58_0a01_0002), "three");

    public static NftElement Host4 { get; } = NftElement.Of(IpAddress.Parse("10.1.0.2"), "one");

    public static NftElement Pair4 { get; } = NftElement.Of(IpAddress.Parse("10.1.0.2"), Cidr.Parse("10.1.0.0/24"), "one");

    public static NftElement Host6 { get; } = NftElement.Of(IpAddress.Parse("fd00:1::2"), "two");

    public static NftElement Pair6 { get; } = NftElement.Of(IpAddress.Parse("fd00:1::2"), Cidr.Parse("fd00:1::/64"), "two");

    public static NftTransaction Frame()
    {
        var transaction = new NftTransaction(Table);
        transaction.AddTable();
        transaction.AddSourceNatChain("out");
        transaction.AddAddressSet("hosts4", isIPv6: false);
        transaction.AddPairSet("pairs4", isIPv6: false);
        transaction.AddAddressSet("hosts6", isIPv6: true);
        transaction.AddPairSet("pairs6", isIPv6: true);
        return transaction;
    }

    public static NftTransaction BridgeFrame()
    {
        var transaction = new NftTransaction(BridgeTable);
        transaction.AddTable();
        transaction.AddBridgeInputChain("in");
        transaction.AddInterfaceSet("ports");
        transaction.AddInterfaceAddressSet("addresses");
        transaction.FlushChain("in");
        var rule = transaction.BeginRule("in", "only their own address");
        rule.IfInputIn("ports");
        rule.UnlessInputAndEthernetSourceIn("addresses");
        rule.Drop();
        transaction.End(rule);
        transaction.Add("ports", Port);
        transaction.Add("addresses", PortAddress);
        return transaction;
    }

    public static void AddRules(NftTransaction transaction)
    {
        transaction.FlushChain("out");
        var marked = transaction.BeginRule("out", "marked");
        marked.IfMarked(0x4000);
        marked.Return();
        transaction.End(marked);
        AddMasquerade(transaction, isIPv6: false, "224.0.0.0/4");
        AddMasquerade(transaction, isIPv6: true, "ff00::/8");
    }

    public static void AddElements(NftTransaction transaction)
    {
        transaction.Add("hosts4", Host4);
        transaction.Add("pairs4", Pair4);
        transaction.Add("hosts6", Host6);
        transaction.Add("pairs6", Pair6);
    }

    private static void AddMasquerade(NftTransaction transaction, bool isIPv6, string except)
    {
        var rule = transaction.BeginRule("out", isIPv6 ? "masquerade 6" : "masquerade 4");
        rule.IfFamily(isIPv6);
        rule.IfSourceIn(isIPv6 ? "hosts6" : "hosts4");
        rule.UnlessSourceAndDestinationIn(isIPv6 ? "pairs6" : "pairs4");
        rule.UnlessDestinationIn(Cidr.Parse(except));
        rule.MasqueradeFullyRandom();
        transaction.End(rule);
    }
}
