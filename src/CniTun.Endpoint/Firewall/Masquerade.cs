using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>
/// Gives a container's connections to the world the node's address (ipMasq): what it sends to anywhere but its own subnet and multicast.
/// </summary>
internal sealed class Masquerade(OwnedElements elements)
{
    /// <summary>Masquerades an attachment's addresses. An address that is masqueraded already, for it or for one that had it before, becomes its own.</summary>
    /// <param name="attachment">Whose they are.</param>
    /// <param name="podAddresses">With the prefix length of their subnet.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: no nf_tables or no NAT in this kernel. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(Attachment attachment, Cidr[] podAddresses) =>
        elements.Add(ElementsOf(elements.OwnerOf(attachment), podAddresses), () => Find(podAddresses));

    /// <summary>Removes what belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    /// <param name="attachment">Whose elements go; those of others stay, even for these addresses.</param>
    /// <param name="podAddresses">
    /// All addresses that it may have, if they are known: then only those are looked at. Empty to look through everything, which takes long
    /// on a node with thousands of containers.
    /// </param>
    public void Remove(Attachment attachment, Cidr[] podAddresses) =>
        elements.Remove(attachment, podAddresses.Length > 0 ? () => FindMasqueraded(podAddresses) : elements.FindAll);

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid) => elements.RemoveAllBut(valid);

    /// <summary>Names the first thing that an attachment's masquerade needs and that is not there; null if all is.</summary>
    public string? Missing(Attachment attachment, Cidr[] podAddresses) => elements.Missing(ElementsOf(elements.OwnerOf(attachment), podAddresses));

    private static List<FirewallElement> ElementsOf(string owner, Cidr[] podAddresses)
    {
        var list = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            list.Add(MasqueradeOf(owner, cidr));
            list.Add(DirectOf(owner, cidr));
        }

        return list;
    }

    private static FirewallElement MasqueradeOf(string owner, Cidr cidr) =>
        new(MasqueradeTable.MasqueradeSet(cidr.Address.IsIPv6), NftElement.Of(cidr.Address, owner));

    private static FirewallElement DirectOf(string owner, Cidr cidr) =>
        new(MasqueradeTable.DirectSet(cidr.Address.IsIPv6), NftElement.Of(cidr.Address, cidr.Network, owner));

    /// <summary>Finds what there is about these addresses, whosever it is.</summary>
    private List<FirewallElement> Find(Cidr[] podAddresses)
    {
        var found = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            AddIfThere(found, MasqueradeOf(string.Empty, cidr));
            AddIfThere(found, DirectOf(string.Empty, Host(cidr)));
        }

        return found;
    }

    /// <summary>Finds what there is about those of the addresses that are masqueraded: where none is, at the price of one look an address.</summary>
    private List<FirewallElement> FindMasqueraded(Cidr[] podAddresses)
    {
        var found = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            if (AddIfThere(found, MasqueradeOf(string.Empty, cidr)))
            {
                AddIfThere(found, DirectOf(string.Empty, Host(cidr)));
            }
        }

        return found;
    }

    /// <summary>Whatever subnet an address was added with holds the address itself.</summary>
    private static Cidr Host(Cidr cidr) => Cidr.ForHost(cidr.Address);

    private bool AddIfThere(List<FirewallElement> found, FirewallElement key)
    {
        if (elements.Find(key) is not { } element)
        {
            return false;
        }

        found.Add(element);
        return true;
    }
}
