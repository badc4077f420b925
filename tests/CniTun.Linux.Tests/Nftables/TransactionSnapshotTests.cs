using System.Runtime.CompilerServices;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

public sealed class TransactionSnapshotTests
{
    [Fact]
    public void Table_chain_and_sets() => Match(TestTable.Frame());

    [Fact]
    public void Rules() => Match(TestTable.AddRules);

    [Fact]
    public void Elements_with_comments() => Match(TestTable.AddElements);

    [Fact]
    public void Everything_of_a_bridge_table() => Match(TestTable.BridgeFrame());

    [Fact]
    public void Delete_elements() => Match(static transaction =>
    {
        transaction.Delete("hosts4", TestTable.Host4);
        transaction.Delete("pairs6", TestTable.Pair6);
    });

    [Fact]
    public void A_comment_that_nft_would_not_take_back_is_refused()
    {
        Assert.Equal(NftComment.LongestBytes + 3, NftComment.Encode(new string('x', NftComment.LongestBytes)).Length);
        Assert.Throws<ArgumentException>(() => NftComment.Encode(new string('x', NftComment.LongestBytes + 1)));
        Assert.Throws<ArgumentException>(() => NftComment.Encode(new string('ü', 64)));
    }

    private static void Match(Action<NftTransaction> changes, [CallerMemberName] string test = "")
    {
        var transaction = new NftTransaction(TestTable.Table);
        changes(transaction);
        Match(transaction, test);
    }

    private static void Match(NftTransaction transaction, [CallerMemberName] string test = "") =>
        Snapshot.Match(Snapshot.Hex(transaction.Finish()), test: test);
}
