using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>
/// An nftables table of ours: a chain, rules and sets that stay, whatever containers come and go; what belongs to one is elements of the
/// sets alone.
/// </summary>
/// <remarks>
/// A rule is known by its comment: whoever changes what a rule says changes the comment, and then the next ADD on a node replaces the
/// rules that an older version left. A set whose shape changes gets another name.
/// </remarks>
internal abstract class FirewallTable
{
    public const string Name = "cnitun";

    public abstract NftTable Table { get; }

    public abstract string Chain { get; }

    /// <summary>Gets the comments of all rules, in order.</summary>
    public abstract IReadOnlyList<string> Rules { get; }

    /// <summary>Gets every set.</summary>
    public abstract IReadOnlyList<string> Sets { get; }

    /// <summary>Makes what is missing and writes the rules anew: the same whoever does it, and how often.</summary>
    public abstract void Write(NftTransaction transaction);

    /// <summary>Names the first rule that is missing or not where it belongs; null if all are there, and so the chain and the sets that they name.</summary>
    public string? Missing(NftablesNetlink netlink)
    {
        var present = netlink.RuleComments(Table, Chain);
        for (var i = 0; i < Rules.Count; i++)
        {
            if (i >= present.Count || present[i] != Rules[i])
            {
                return $"rule \"{Rules[i]}\" in chain {Chain} of nftables {Table.ToString()}";
            }
        }

        return null;
    }
}
