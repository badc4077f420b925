using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>The elements of one of our tables, each with the name of whom it belongs to.</summary>
/// <remarks>
/// <para>One transaction adds all that belongs to an attachment, and the fixed part of the table if that is not as it should be; one removes it;
/// one puts back what everybody had. The kernel does a transaction whole or not at all, whatever becomes of us meanwhile: so a kill at any instant
/// leaves either nothing, or elements that carry their owner's name, which are collected without any other record. Others may do the same at the
/// same time: whoever loses a race looks again.</para>
/// <para>The conversation with the kernel is borrowed; null in a kernel without netfilter, which is refused when something is added, and has
/// nothing to be removed.</para>
/// </remarks>
/// <param name="table">Where they are.</param>
/// <param name="network">Whose are added and removed.</param>
/// <param name="dataDirectory">Where the records lie that the table is made again from.</param>
/// <param name="netlink">Borrowed.</param>
/// <param name="onLost">Called when something is to be added and the elements of others are gone: puts them back if it can.</param>
internal sealed class OwnedElements(
    FirewallTable table, string network, string dataDirectory, NftablesNetlink? netlink, Action<OwnedElements> onLost)
{
    /// <summary>How often others may change the table between our looking and our changing it.</summary>
    private const int Attempts = 10;

    /// <summary>A few at a time, so that not all have to be looked for again when somebody else removes one of them meanwhile.</summary>
    private const int DeletionsAtOnce = 256;

    /// <summary>Adds what belongs to an attachment.</summary>
    /// <param name="attachment">The owner.</param>
    /// <param name="record">Says what that is.</param>
    /// <param name="findInTheWay">Finds what there is of these keys, whosever it is: it gives way.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: the kernel lacks what the table needs. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(Attachment attachment, EndpointRecord record, Func<List<FirewallElement>> findInTheWay)
    {
        if (netlink is null)
        {
            throw new LinuxException("socket", "NETLINK_NETFILTER", Errno.EPROTONOSUPPORT);
        }

        Attempt(attempt =>
        {
            var rules = netlink.RuleComments(table.Table);
            if (!FirewallTable.IsRestored(rules, dataDirectory))
            {
                onLost(this);
                if (Missing(attachment, record) is null)
                {
                    return;
                }

                rules = netlink.RuleComments(table.Table);
            }

            var transaction = Begin(rules);
            if (attempt > 1)
            {
                findInTheWay().ForEach(left => transaction.Delete(left.Set, left.Element));
            }

            Add(transaction, ElementsOf(attachment, record));
            netlink.Commit(transaction);
        });
    }

    /// <summary>Makes the table hold what the records say: what is missing is added, what their owners have beside it is removed.</summary>
    /// <param name="records">All of the data directory, whose lock the caller holds.</param>
    /// <param name="evenIfEmpty">Whether the table is made if they say nothing.</param>
    public void Restore(IEnumerable<(string Network, Attachment Attachment, EndpointRecord Record)> records, bool evenIfEmpty)
    {
        var owners = new HashSet<string>(StringComparer.Ordinal);
        var wanted = new Dictionary<string, List<FirewallElement>>(StringComparer.Ordinal);
        foreach (var (network, attachment, record) in records)
        {
            var owner = FirewallOwner.Of(network, attachment);
            owners.Add(owner);
            foreach (var element in table.ElementsOf(owner, attachment, record))
            {
                // Of those that would be in each other's way, as of networks that share addresses, the one that is there stays.
                (wanted.TryGetValue(element.Subject, out var others) ? others : wanted[element.Subject] = []).Add(element);
            }
        }

        if (netlink is not null && (wanted.Count > 0 || evenIfEmpty))
        {
            Attempt(_ => Restore(netlink, owners, wanted));
        }
    }

    /// <summary>Names what was lost of what the records say; null if the table is the one that it was put into.</summary>
    public string? Lost()
    {
        var rules = netlink?.RuleComments(table.Table) ?? [];
        return table.Missing(rules) ?? (FirewallTable.IsRestored(rules, dataDirectory) ? null : $"what the records say in nftables {table.Table.ToString()}");
    }

    /// <summary>Tells whether a record of the network says anything about this table.</summary>
    public bool IsIn(string recordNetwork, Attachment attachment, EndpointRecord record) =>
        recordNetwork == network && ElementsOf(attachment, record).Any();

    /// <summary>Removes what belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    /// <param name="attachment">Whose elements go; those of others stay.</param>
    /// <param name="find">Finds at least all that it may have.</param>
    public void Remove(Attachment attachment, Func<List<FirewallElement>> find)
    {
        var owner = FirewallOwner.Of(network, attachment);
        RemoveWhere(find, comment => string.Equals(comment, owner, StringComparison.Ordinal));
    }

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid)
    {
        var prefix = FirewallOwner.PrefixOf(network);
        var owners = valid.Select(attachment => FirewallOwner.Of(network, attachment)).ToHashSet(StringComparer.Ordinal);
        RemoveWhere(FindAll, comment => comment.StartsWith(prefix, StringComparison.Ordinal) && !owners.Contains(comment));
    }

    /// <summary>Names the first thing that is not there of a rule or of what belongs to an attachment; null if all is.</summary>
    public string? Missing(Attachment attachment, EndpointRecord record)
    {
        if (netlink is null)
        {
            return "netfilter in this kernel";
        }

        if (table.Missing(netlink.RuleComments(table.Table)) is { } rule)
        {
            return rule;
        }

        var missing = ElementsOf(attachment, record).FirstOrDefault(element => Find(element)?.IsSameAs(element) != true);
        return missing is null ? null : $"{missing.ToString()} of nftables {table.Table.ToString()}";
    }

    /// <summary>Finds what has a key, whosever it is; for a prefix, what holds it.</summary>
    public FirewallElement? Find(FirewallElement key) =>
        netlink?.Find(table.Table, key.Set, key.Element) is { } element ? new FirewallElement(key.Set, element) : null;

    /// <summary>Reads every set, which takes long on a node with thousands of containers.</summary>
    public List<FirewallElement> FindAll()
    {
        var found = new List<FirewallElement>();
        foreach (var set in table.Sets)
        {
            foreach (var element in netlink?.Elements(table.Table, set) ?? [])
            {
                found.Add(new FirewallElement(set, element));
            }
        }

        return found;
    }

    private static void Add(NftTransaction transaction, IEnumerable<FirewallElement> elements)
    {
        foreach (var element in elements)
        {
            transaction.Add(element.Set, element.Element);
        }
    }

    /// <summary>Repeats what lost a race: an element or the table went, or a key is there already.</summary>
    private static void Attempt(Action<int> action)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                action(attempt);
                return;
            }
            catch (LinuxException changed) when (changed.Errno is Errno.ENOENT or Errno.EEXIST && attempt < Attempts)
            {
                // Look again what is there.
            }
        }
    }

    private IEnumerable<FirewallElement> ElementsOf(Attachment attachment, EndpointRecord record) =>
        table.ElementsOf(FirewallOwner.Of(network, attachment), attachment, record);

    private NftTransaction Begin(IReadOnlyList<NftRuleComment> rules)
    {
        var transaction = new NftTransaction(table.Table);
        if (table.Missing(rules) is not null)
        {
            table.Write(transaction);
        }

        return transaction;
    }

    private void Restore(NftablesNetlink kernel, HashSet<string> owners, Dictionary<string, List<FirewallElement>> wanted)
    {
        var rules = kernel.RuleComments(table.Table);
        var transaction = Begin(rules);
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in FindAll())
        {
            var (subject, alike) = (element.Subject, wanted.GetValueOrDefault(element.Subject));
            if (alike?.Exists(element.IsSameAs) == true)
            {
                there.Add(subject);
            }
            else if (alike is not null || (element.Owner is { } owner && owners.Contains(owner)))
            {
                transaction.Delete(element.Set, element.Element);
            }
        }

        Add(transaction, wanted.Where(subject => !there.Contains(subject.Key)).Select(subject => subject.Value[0]));
        if (!FirewallTable.IsRestored(rules, dataDirectory))
        {
            FirewallTable.MarkRestored(transaction, dataDirectory);
        }

        kernel.Commit(transaction);
    }

    private void RemoveWhere(Func<List<FirewallElement>> find, Predicate<string> isChosen)
    {
        if (netlink is null)
        {
            return;
        }

        try
        {
            Attempt(_ =>
            {
                foreach (var some in find().Where(element => element.Owner is { } owner && isChosen(owner)).Chunk(DeletionsAtOnce))
                {
                    var transaction = new NftTransaction(table.Table);
                    Array.ForEach(some, element => transaction.Delete(element.Set, element.Element));
                    netlink.Commit(transaction);
                }
            });
        }
        catch (LinuxException missing) when (missing.Errno == Errno.EOPNOTSUPP)
        {
            // No nf_tables, so nothing to remove.
        }
    }
}
