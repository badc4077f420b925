using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>The elements of one of our tables, each with the name of whom it belongs to.</summary>
/// <remarks>
/// <para>One transaction adds all that belongs to an attachment, and the fixed part of the table if that is not as it should be; one removes it.
/// The kernel does a transaction whole or not at all, whatever becomes of us meanwhile: so a kill at any instant leaves either nothing, or
/// elements that carry their owner's name, which are collected without any other record. Others may do the same at the same time: whoever
/// loses a race looks again.</para>
/// <para>The conversation with the kernel is borrowed; null in a kernel without netfilter, which is refused when something is added, and has
/// nothing to be removed.</para>
/// </remarks>
internal sealed class OwnedElements(FirewallTable table, string network, NftablesNetlink? netlink)
{
    /// <summary>How often others may change the table between our looking and our changing it.</summary>
    private const int Attempts = 10;

    /// <summary>A transaction of a thousand deletions would no longer fit into the socket; what belongs to one attachment always does.</summary>
    private const int DeletionsAtOnce = 256;

    /// <summary>Names the owner of all that belongs to an attachment.</summary>
    public string OwnerOf(Attachment attachment) => FirewallOwner.Of(network, attachment);

    /// <summary>Adds elements that belong together.</summary>
    /// <param name="wanted">All of one owner.</param>
    /// <param name="findInTheWay">Finds what there is of these keys, whosever it is: it gives way.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: the kernel lacks what the table needs. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(List<FirewallElement> wanted, Func<List<FirewallElement>> findInTheWay)
    {
        if (netlink is null)
        {
            throw new LinuxException("socket", "NETLINK_NETFILTER", Errno.EPROTONOSUPPORT);
        }

        for (var attempt = 1; ; attempt++)
        {
            var transaction = new NftTransaction(table.Table);
            if (table.Missing(netlink) is not null)
            {
                table.Write(transaction);
            }

            if (attempt > 1)
            {
                findInTheWay().ForEach(left => transaction.Delete(left.Set, left.Element));
            }

            wanted.ForEach(element => transaction.Add(element.Set, element.Element));
            try
            {
                netlink.Commit(transaction);
                return;
            }
            catch (LinuxException changed) when (changed.Errno is Errno.ENOENT or Errno.EEXIST && attempt < Attempts)
            {
                // The table went, or a key is there already: look what is there, and replace it.
            }
        }
    }

    /// <summary>Removes what belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    /// <param name="attachment">Whose elements go; those of others stay.</param>
    /// <param name="find">Finds at least all that it may have.</param>
    public void Remove(Attachment attachment, Func<List<FirewallElement>> find)
    {
        var owner = OwnerOf(attachment);
        RemoveWhere(find, comment => string.Equals(comment, owner, StringComparison.Ordinal));
    }

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid)
    {
        var prefix = FirewallOwner.PrefixOf(network);
        var owners = valid.Select(OwnerOf).ToHashSet(StringComparer.Ordinal);
        RemoveWhere(FindAll, comment => comment.StartsWith(prefix, StringComparison.Ordinal) && !owners.Contains(comment));
    }

    /// <summary>Names the first thing that is not there of a rule or of what is wanted; null if all is.</summary>
    public string? Missing(List<FirewallElement> wanted)
    {
        if (netlink is null)
        {
            return "netfilter in this kernel";
        }

        if (table.Missing(netlink) is { } rule)
        {
            return rule;
        }

        var missing = wanted.Find(element => Find(element)?.IsSameAs(element) != true);
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

    private void Delete(List<FirewallElement> elements)
    {
        for (var start = 0; start < elements.Count; start += DeletionsAtOnce)
        {
            var transaction = new NftTransaction(table.Table);
            elements.GetRange(start, Math.Min(DeletionsAtOnce, elements.Count - start))
                .ForEach(element => transaction.Delete(element.Set, element.Element));
            netlink!.Commit(transaction);
        }
    }

    private void RemoveWhere(Func<List<FirewallElement>> find, Predicate<string> isChosen)
    {
        for (var attempt = 1; netlink is not null; attempt++)
        {
            try
            {
                Delete(find().FindAll(element => element.Owner is { } owner && isChosen(owner)));
                return;
            }
            catch (LinuxException missing) when (missing.Errno == Errno.EOPNOTSUPP)
            {
                return;
            }
            catch (LinuxException changed) when (changed.Errno == Errno.ENOENT && attempt < Attempts)
            {
                // Somebody else removed one of them, or the table: look again.
            }
        }
    }
}
