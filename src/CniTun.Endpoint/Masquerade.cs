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

    /// <summary>Gets the conversation with the kernel, to be closed by another; null in a kernel without netfilter.</summary>
    public NftablesNetlink? Netlink => netlink;

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
    public void Add(Attachment attachment, Cidr[] podAddresses)
    {
        if (netlink is null)
        {
            throw new LinuxException("socket", "NETLINK_NETFILTER", Errno.EPROTONOSUPPORT);
        }

        var wanted = ElementsOf(FirewallOwner.Of(network, attachment), podAddresses);
        for (var attempt = 1; ; attempt++)
        {
            var transaction = new NftTransaction(FirewallTable.Name);
            if (FirewallTable.Missing(netlink) is not null)
            {
                FirewallTable.Write(transaction);
            }

            if (attempt > 1)
            {
                Find(netlink, podAddresses).ForEach(left => transaction.Delete(left.Set, left.Element));
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

    /// <summary>Removes what belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    /// <param name="attachment">Whose elements go; those of others stay, even for these addresses.</param>
    /// <param name="podAddresses">
    /// All addresses that it may have, if they are known: then only those are looked at. Empty to look through everything, which takes long
    /// on a node with thousands of containers.
    /// </param>
    public void Remove(Attachment attachment, Cidr[] podAddresses)
    {
        var owner = FirewallOwner.Of(network, attachment);
        RemoveWhere(podAddresses, comment => string.Equals(comment, owner, StringComparison.Ordinal));
    }

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid)
    {
        var prefix = FirewallOwner.PrefixOf(network);
        var owners = new HashSet<string>(StringComparer.Ordinal);
        foreach (var attachment in valid)
        {
            owners.Add(FirewallOwner.Of(network, attachment));
        }

        RemoveWhere([], comment => comment.StartsWith(prefix, StringComparison.Ordinal) && !owners.Contains(comment));
    }

    /// <summary>Names the first thing that an attachment's masquerade needs and that is not there; null if all is.</summary>
    public string? Missing(Attachment attachment, Cidr[] podAddresses)
    {
        if (netlink is null)
        {
            return "netfilter in this kernel";
        }

        if (FirewallTable.Missing(netlink) is { } rule)
        {
            return rule;
        }

        var present = Find(netlink, podAddresses);
        var missing = ElementsOf(FirewallOwner.Of(network, attachment), podAddresses).Find(wanted => !present.Exists(wanted.IsSameAs));
        return missing is null ? null : $"{missing.ToString()} of nftables table inet {FirewallTable.Name}";
    }

    public void Dispose() => netlink?.Dispose();

    private static List<FirewallElement> ElementsOf(string owner, Cidr[] podAddresses)
    {
        var elements = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            var isIPv6 = cidr.Address.IsIPv6;
            elements.Add(new FirewallElement(FirewallTable.MasqueradeSet(isIPv6), NftElement.Of(cidr.Address, owner)));
            elements.Add(new FirewallElement(FirewallTable.DirectSet(isIPv6), NftElement.Of(cidr.Address, cidr.Network, owner)));
        }

        return elements;
    }

    /// <summary>Finds what there is about these addresses, whosever it is.</summary>
    private static List<FirewallElement> Find(NftablesNetlink netlink, Cidr[] podAddresses)
    {
        var found = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            // Whatever subnet an address was added with holds the address itself.
            foreach (var key in ElementsOf(string.Empty, [Cidr.ForHost(cidr.Address)]))
            {
                if (netlink.Find(FirewallTable.Name, key.Set, key.Element) is { } element)
                {
                    found.Add(new FirewallElement(key.Set, element));
                }
            }
        }

        return found;
    }

    private static List<FirewallElement> FindAll(NftablesNetlink netlink)
    {
        var found = new List<FirewallElement>();
        foreach (var set in FirewallTable.Sets)
        {
            foreach (var element in netlink.Elements(FirewallTable.Name, set))
            {
                found.Add(new FirewallElement(set, element));
            }
        }

        return found;
    }

    private static void Delete(NftablesNetlink netlink, List<FirewallElement> elements)
    {
        for (var start = 0; start < elements.Count; start += DeletionsAtOnce)
        {
            var transaction = new NftTransaction(FirewallTable.Name);
            elements.GetRange(start, Math.Min(DeletionsAtOnce, elements.Count - start))
                .ForEach(element => transaction.Delete(element.Set, element.Element));
            netlink.Commit(transaction);
        }
    }

    private void RemoveWhere(Cidr[] podAddresses, Predicate<string> isChosen)
    {
        for (var attempt = 1; netlink is not null; attempt++)
        {
            try
            {
                var found = podAddresses.Length > 0 ? Find(netlink, podAddresses) : FindAll(netlink);
                Delete(netlink, found.FindAll(element => element.Owner is { } owner && isChosen(owner)));
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
