using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>Holds a container to its own Ethernet address (macspoofchk): its host end passes no frame that comes from another.</summary>
internal sealed class SpoofCheck(OwnedElements elements)
{
    /// <summary>Guards an attachment's host end, which need not be there yet.</summary>
    /// <param name="attachment">Whose it is.</param>
    /// <param name="podMac">The one address that the container may send from.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: no nf_tables for bridges in this kernel. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(Attachment attachment, MacAddress podMac) => elements.Add(ElementsOf(attachment, podMac), () => FindAll(attachment));

    /// <summary>Removes what belongs to an attachment, which costs one look if that is nothing.</summary>
    public void Remove(Attachment attachment) => elements.Remove(attachment, () => Find(attachment));

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid) => elements.RemoveAllBut(valid);

    /// <summary>Names the first thing that is not there of what holds an attachment to an address; null if all is.</summary>
    public string? Missing(Attachment attachment, MacAddress podMac) => elements.Missing(ElementsOf(attachment, podMac));

    private List<FirewallElement> ElementsOf(Attachment attachment, MacAddress podMac)
    {
        var owner = elements.OwnerOf(attachment);
        var hostEnd = EndpointNames.HostVeth(attachment);
        return
        [
            new FirewallElement(SpoofTable.GuardedSet, NftElement.Of(hostEnd, owner)),
            new FirewallElement(SpoofTable.OwnSet, NftElement.Of(hostEnd, podMac, owner)),
        ];
    }

    /// <summary>Finds what there is about an attachment's host end if that is guarded.</summary>
    private List<FirewallElement> Find(Attachment attachment)
    {
        var guarded = new FirewallElement(SpoofTable.GuardedSet, NftElement.Of(EndpointNames.HostVeth(attachment), string.Empty));
        return elements.Find(guarded) is null ? [] : FindAll(attachment);
    }

    /// <summary>Searches for what there is: which address the host end is held to, nobody may know any more.</summary>
    private List<FirewallElement> FindAll(Attachment attachment)
    {
        var hostEnd = EndpointNames.HostVeth(attachment);
        return elements.FindAll().FindAll(element => string.Equals(element.Element.InterfaceName, hostEnd, StringComparison.Ordinal));
    }
}
