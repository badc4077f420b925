using CniTun.Ipam;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>
/// An nftables table of ours: a chain, rules and sets that stay, whatever containers come and go; what belongs to one is elements of the
/// sets alone.
/// </summary>
/// <remarks>
/// A rule is known by its comment: whoever changes what a rule says changes the comment, and then the next ADD on a node replaces the
/// rules that an older version left. A set whose shape changes gets another name.
/// <code>
///     chain restored { return comment "/run/cnitun" }      # the table holds what the records in that directory say
/// </code>
/// A table that somebody removed, and another made anew, has no such rule: this is how an ADD notices, in the look at the rules that it takes
/// anyway, that the elements of others are to be put back.
/// </remarks>
internal abstract class FirewallTable
{
    public const string Name = "cnitun";

    private const string RestoredChain = "restored";

    public abstract NftTable Table { get; }

    public abstract string Chain { get; }

    /// <summary>Gets the comments of all rules, in order.</summary>
    public abstract IReadOnlyList<string> Rules { get; }

    /// <summary>Gets every set.</summary>
    public abstract IReadOnlyList<string> Sets { get; }

    /// <summary>Lists the elements that an attachment has here.</summary>
    public abstract IEnumerable<FirewallElement> ElementsOf(string owner, Attachment attachment, EndpointRecord record);

    /// <summary>Makes what is missing and writes the rules anew: the same whoever does it, and how often.</summary>
    public abstract void Write(NftTransaction transaction);

    /// <summary>Says in the table that it holds what the records in a directory say.</summary>
    public static void MarkRestored(NftTransaction transaction, string dataDirectory)
    {
        Begin(transaction);
        var rule = transaction.BeginRule(RestoredChain, FirewallOwner.OfRecords(dataDirectory));
        rule.Return();
        transaction.End(rule);
    }

    public static bool IsRestored(IReadOnlyList<NftRuleComment> present, string dataDirectory) =>
        CommentsOf(RestoredChain, present).Contains(FirewallOwner.OfRecords(dataDirectory));

    /// <summary>Names the first rule that is missing or not where it belongs; null if all are there, and so the chain and the sets that they name.</summary>
    /// <param name="present">The rules of the whole table.</param>
    public string? Missing(IReadOnlyList<NftRuleComment> present)
    {
        var comments = CommentsOf(Chain, present);
        for (var i = 0; i < Rules.Count; i++)
        {
            if (i >= comments.Count || comments[i] != Rules[i])
            {
                return $"rule \"{Rules[i]}\" in chain {Chain} of nftables {Table.ToString()}";
            }
        }

        return null;
    }

    /// <summary>Makes what every table of ours has.</summary>
    protected static void Begin(NftTransaction transaction)
    {
        transaction.AddTable();
        transaction.AddChain(RestoredChain);
    }

    /// <summary>By a loop: each kind of query over a value type is code of its own, which a process of a few milliseconds has to fetch.</summary>
    private static List<string> CommentsOf(string chain, IReadOnlyList<NftRuleComment> rules)
    {
        var comments = new List<string>(rules.Count);
        foreach (var rule in rules)
        {
            if (rule.Chain == chain)
            {
                comments.Add(rule.Comment);
            }
        }

        return comments;
    }
}
