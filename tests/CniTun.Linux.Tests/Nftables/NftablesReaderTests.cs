using CniTun.Linux.Netlink;
using CniTun.Linux.Nftables;

namespace CniTun.Linux.Tests.Nftables;

public sealed class NftablesReaderTests
{
    [Fact]
    public void Nothing_makes_the_readers_throw()
    {
        var random = new Random(20261124);
        byte[] seed = [.. Seed(), .. TestTable.BridgeFrame().Finish()];
        var elements = new List<NftElement>();
        var comments = new List<NftRuleComment>();
        for (var round = 0; round < 50_000; round++)
        {
            var bytes = Mutate(random, seed);
            var reader = new NetlinkReader(bytes);
            elements.Clear();
            while (reader.MoveNext())
            {
                NftablesNetlink.ReadElements(reader.Current, elements);
                NftablesNetlink.ReadRuleComment(reader.Current, comments);
            }

            foreach (var element in elements)
            {
                _ = $"{element} {element.Comment} {element.HasKeyOf(TestTable.Pair4)}";
            }

            comments.Clear();
        }
    }

    [Fact]
    public void What_is_written_reads_back()
    {
        var elements = new List<NftElement>();
        var comments = new List<NftRuleComment>();
        var reader = new NetlinkReader(Seed());
        while (reader.MoveNext())
        {
            NftablesNetlink.ReadElements(reader.Current, elements);
            NftablesNetlink.ReadRuleComment(reader.Current, comments);
        }

        Assert.Equal(["10.1.0.2", "10.1.0.2 . 10.1.0.0", "fd00:1::2", "fd00:1::2 . fd00:1::"], elements.Select(element => element.ToString()));
        Assert.Equal(["one", "one", "two", "two"], elements.Select(element => element.Comment));
        Assert.True(elements[3].HasKeyOf(TestTable.Pair6));
        Assert.Equal(["marked", "masquerade 4", "masquerade 6"], comments.Select(rule => rule.Comment).Where(comment => comment.Length > 0));
    }

    [Fact]
    public void A_comment_behind_other_user_data_is_found()
    {
        Assert.Equal("a", NftComment.Decode([7, 1, 9, 0, 2, (byte)'a', 0]));
        Assert.Null(NftComment.Decode([7, 1, 9]));
        Assert.Null(NftComment.Decode([0, 200, (byte)'a']));
        Assert.Equal(string.Empty, NftComment.Decode([0, 0]));
    }

    /// <summary>Messages that have all that the kernel's answers have: it describes an object as we ask for it.</summary>
    private static byte[] Seed()
    {
        var transaction = new NftTransaction(TestTable.Table);
        TestTable.AddRules(transaction);
        TestTable.AddElements(transaction);
        return transaction.Finish().ToArray();
    }

    /// <summary>Changes a few bytes, and cuts the end off half of the time.</summary>
    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = seed.AsSpan(0, random.Next(2) == 0 ? seed.Length : random.Next(seed.Length + 1)).ToArray();
        for (var i = random.Next(20); i > 0 && bytes.Length > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
