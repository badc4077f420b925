using CniTun.Addresses;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

/// <summary>A table with everything that we can put into one.</summary>
internal static class TestTable
{
    public const string Name = "test";

    public static NftElement Host4 { get; } = NftElement.Of(IpAddress.Parse("10.1.0.2"), "one");

    public static NftElement Pair4 { get; } = NftElement.Of(IpAddress.Parse("10.1.0.2"), Cidr.Parse("10.1.0.0/24"), "one");

    public static NftElement Host6 { get; } = NftElement.Of(IpAddress.Parse("fd00:1::2"), "two");

    public static NftElement Pair6 { get; } = NftElement.Of(IpAddress.Parse("fd00:1::2"), Cidr.Parse("fd00:1::/64"), "two");

    public static NftTransaction Frame()
    {
        var transaction = new NftTransaction(Name);
        transaction.AddTable();
        transaction.AddSourceNatChain("out");
        transaction.AddAddressSet("hosts4", isIPv6: false);
        transaction.AddPairSet("pairs4", isIPv6: false);
        transaction.AddAddressSet("hosts6", isIPv6: true);
        transaction.AddPairSet("pairs6", isIPv6: true);
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
