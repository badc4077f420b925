using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint;

/// <summary>
/// Gives a container's connections to the world the node's address (ipMasq): what it sends to anywhere but its own subnet and multicast.
/// </summary>
/// <remarks>
/// <para>One transaction adds all that belongs to an attachment, and the fixed part of the table if that is not as it should be; one removes it.
/// The kernel does a transaction whole or not at all, whatever becomes of us meanwhile: so a kill at any instant leaves either nothing, or
/// elements that carry their owner's name, which <see cref="Remove"/> collects without any other record. Others may do the same at the
/// same time: whoever loses a race looks again.</para>
/// <para>Owned by one command, for one thread; belongs to the namespace in which it was opened.</para>
/// </remarks>
internal sealed class Masquerade : IDisposable
{
    /// <summary>How often others may change the table between our looking and our changing it.</summary>
    private const int Attempts = 10;

    /// <summary>A transaction of a thousand deletions would no longer fit into the socket; what belongs to one attachment always does.</summary>
    private const int DeletionsAtOnce = 256;

    private readonly string network;
    private readonly NftablesNetlink? netlink;

    /// <param name="network">The network's name: attachments of others are left alone.</param>
    /// <param name="netlink">Owned from here on; null in a kernel without netfilter.</param>
    internal Masquerade(string network, NftablesNetlink? netlink)
    {
        this.network = network;
        this.netlink = netlink;
    }

    /// <summary>Opens the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EMFILE. A kernel without netfilter is not refused before something is added.</exception>
    public static Masquerade Open(string network)
    {
        try
        {
            return new Masquerade(network, NftablesNetlink.Open());
        }
        catch (LinuxException missing) when (missing.Errno == Errno.EPROTONOSUPPORT)
        {
            return new Masquerade(network, null);
        }
    }

    /// <summary>Masquerades an attachment's addresses. An address that is masqueraded already, for it or for one that had it before, becomes its own.</summary>
    /// <param name="attachment">Whose they are.</param>
    /// <param name="podAddresses">With the prefix length of their subnet.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: no nf_tables or no NAT in this kernel. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(Attachment attachment, IReadOnlyList<Cidr> podAddresses)
    {
        if (netlink is null)
        {
            throw new LinuxException("socket", "NETLINK_NETFILTER", Errno.EPROTONOSUPPORT);
        }

        var wanted = ElementsOf(attachment, podAddresses);
        for (var attempt = 1; ; attempt++)
        {
            var transaction = new NftTransaction(FirewallTable.Name);
            if (FirewallTable.Missing(netlink) is not null)
            {
                FirewallTable.Write(transaction);
            }

            if (attempt > 1)
            {
                Present(netlink).FindAll(found => wanted.Exists(found.Excludes)).ForEach(found => transaction.Delete(found.Set, found.Element));
            }

            wanted.ForEach(element => transaction.Add(element.Set, element.Element));
            try
            {
                netlink.Commit(transaction);
                return;
            }
            catch (LinuxException changed) when (changed.Errno is Errno.ENOENT or Errno.EEXIST && attempt < Attempts)
            {
                // The table went, or an address is there already: look what is there, and replace it.
            }
        }
    }

    /// <summary>Removes whatever belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    public void Remove(Attachment attachment)
    {
        var owner = FirewallOwner.Of(network, attachment);
        RemoveWhere(comment => string.Equals(comment, owner, StringComparison.Ordinal));
    }

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IReadOnlyCollection<Attachment> valid)
    {
        var prefix = FirewallOwner.PrefixOf(network);
        var owners = new HashSet<string>(StringComparer.Ordinal);
        foreach (var attachment in valid)
        {
            owners.Add(FirewallOwner.Of(network, attachment));
        }

        RemoveWhere(comment => comment.StartsWith(prefix, StringComparison.Ordinal) && !owners.Contains(comment));
    }

    /// <summary>Names the first thing that an attachment's masquerade needs and that is not there; null if all is.</summary>
    public string? Missing(Attachment attachment, IReadOnlyList<Cidr> podAddresses)
    {
        if (netlink is null)
        {
            return "netfilter in this kernel";
        }

        if (FirewallTable.Missing(netlink) is { } rule)
        {
            return rule;
        }

        var present = Present(netlink);
        var missing = ElementsOf(attachment, podAddresses).Find(wanted => !present.Exists(wanted.IsSameAs));
        return missing is null ? null : $"{missing} of nftables table inet {FirewallTable.Name}";
    }

    public void Dispose() => netlink?.Dispose();

    private static List<FirewallElement> Present(NftablesNetlink netlink)
    {
        var present = new List<FirewallElement>();
        foreach (var set in FirewallTable.Sets)
        {
            try
            {
                foreach (var element in netlink.Elements(FirewallTable.Name, set))
                {
                    present.Add(new FirewallElement(set, element));
                }
            }
            catch (LinuxException missing) when (missing.Errno is Errno.ENOENT or Errno.EOPNOTSUPP)
            {
                // No such set, no table, no nf_tables: so no element either.
            }
        }

        return present;
    }

    private List<FirewallElement> ElementsOf(Attachment attachment, IReadOnlyList<Cidr> podAddresses)
    {
        var owner = FirewallOwner.Of(network, attachment);
        var elements = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            var isIPv6 = cidr.Address.IsIPv6;
            elements.Add(new FirewallElement(FirewallTable.MasqueradeSet(isIPv6), NftElement.Of(cidr.Address, owner)));
            elements.Add(new FirewallElement(FirewallTable.DirectSet(isIPv6), NftElement.Of(cidr.Address, cidr.Network, owner)));
        }

        return elements;
    }

    private void RemoveWhere(Predicate<string> isChosen)
    {
        var failures = 0;
        while (netlink is not null)
        {
            var chosen = Present(netlink).FindAll(found => found.Owner is { } owner && isChosen(owner));
            if (chosen.Count == 0)
            {
                return;
            }

            var transaction = new NftTransaction(FirewallTable.Name);
            chosen.GetRange(0, Math.Min(chosen.Count, DeletionsAtOnce)).ForEach(element => transaction.Delete(element.Set, element.Element));
            try
            {
                netlink.Commit(transaction);
            }
            catch (LinuxException changed) when (changed.Errno == Errno.ENOENT && ++failures < Attempts)
            {
                // Somebody else removed one of them: look again.
            }
        }
    }
}
