using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Firewall;

/// <summary>Holds a container to its own Ethernet address (macspoofchk): its host end passes no frame that comes from another.</summary>
internal sealed class SpoofCheck(OwnedElements elements)
{
    /// <summary>Guards an attachment's host end, which need not be there yet.</summary>
    /// <param name="attachment">Whose it is.</param>
    /// <param name="podMac">The one address that the container may send from.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP, EPROTONOSUPPORT: no nf_tables for bridges in this kernel. EPERM: no CAP_NET_ADMIN.</exception>
    public void Add(Attachment attachment, MacAddress podMac) =>
        elements.Add(attachment, new EndpointRecord([], podMac), () => FindAll(attachment));

    /// <summary>Removes what belongs to an attachment, which costs one look if that is nothing.</summary>
    /// <param name="attachment">Whose elements go.</param>
    /// <param name="podMac">The address that its record says; without, everything is looked through where the host end is guarded.</param>
    public void Remove(Attachment attachment, MacAddress? podMac = null) => elements.Remove(attachment, () => Find(attachment, podMac));

    /// <summary>Removes whatever belongs to attachments of this network that are not listed.</summary>
    public void RemoveAllBut(IEnumerable<Attachment> valid) => elements.RemoveAllBut(valid);

    /// <summary>Names the first thing that is not there of what holds an attachment to an address; null if all is.</summary>
    public string? Missing(Attachment attachment, MacAddress podMac) => elements.Missing(attachment, new EndpointRecord([], podMac));

    /// <summary>Finds what there is about an attachment's host end if that is guarded.</summary>
    private List<FirewallElement> Find(Attachment attachment, MacAddress? podMac) =>
        elements.Find(SpoofTable.GuardedOf(string.Empty, attachment)) is not { } guarded ? []
        : podMac is { } mac && elements.Find(SpoofTable.OwnOf(string.Empty, attachment, mac)) is { } own ? [guarded, own]
        : FindAll(attachment);

    /// <summary>Searches for what there is: which address the host end is held to, nobody may know any more.</summary>
    private List<FirewallElement> FindAll(Attachment attachment)
    {
        var hostEnd = EndpointNames.HostVeth(attachment);
        return elements.FindAll().FindAll(element => string.Equals(element.Element.InterfaceName, hostEnd, StringComparison.Ordinal));
    }
}
