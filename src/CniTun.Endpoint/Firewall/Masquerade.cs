using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux;

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
        elements.Add(attachment, new EndpointRecord(podAddresses, null), () => Find(podAddresses, onlyMasqueraded: false));

    /// <summary>Removes what belongs to an attachment. Nothing there, no table, no nf_tables: no error.</summary>
    /// <param name="attachment">Whose elements go; those of others stay, even for these addresses.</param>
    /// <param name="podAddresses">
    /// All addresses that it may have, if they are known: then only those are looked at. Empty to look through everything, which takes long
    /// on a node with thousands of containers.
    /// </param>
    public void Remove(Attachment attachment, Cidr[] podAddresses) =>
        elements.Remove(attachment, podAddresses.Length > 0 ? () => Find(podAddresses, onlyMasqueraded: true) : elements.FindAll);

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid) => elements.RemoveAllBut(valid);

    /// <summary>Names the first thing that an attachment's masquerade needs and that is not there; null if all is.</summary>
    public string? Missing(Attachment attachment, Cidr[] podAddresses) => elements.Missing(attachment, new EndpointRecord(podAddresses, null));

    /// <summary>Finds what there is about these addresses, whosever it is; where none is masqueraded, at the price of one look an address.</summary>
    private List<FirewallElement> Find(Cidr[] podAddresses, bool onlyMasqueraded)
    {
        var found = new List<FirewallElement>();
        foreach (var cidr in podAddresses)
        {
            var masquerade = elements.Find(MasqueradeTable.MasqueradeOf(string.Empty, cidr));

            // Whatever subnet an address was added with holds the address itself.
            var direct = masquerade is null && onlyMasqueraded ? null : elements.Find(MasqueradeTable.DirectOf(string.Empty, Cidr.ForHost(cidr.Address)));
            found.AddRange(new[] { masquerade, direct }.OfType<FirewallElement>());
        }

        return found;
    }
}
