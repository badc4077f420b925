using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>What the node's packet filter does for the containers of one network.</summary>
/// <remarks>
/// <para>The kernel has it, and the attachments' records (<see cref="EndpointRecord"/>) say it: somebody may empty the kernel's tables at any time
/// (<c>nft flush ruleset</c>, firewalld), and then the next ADD of any container, or GC, puts back what all records in the data directory say, those
/// of other networks too.</para>
/// <para>Who puts back holds the lock on the records, so that nothing comes back whose record DEL has taken away, and does it in one transaction a
/// table, so that there is never a table with half of it.</para>
/// <para>Owned by one command, for one thread; belongs to the namespace in which it was opened.</para>
/// </remarks>
internal sealed class NodeFirewall : IDisposable
{
    private readonly string network;
    private readonly string dataDirectory;
    private readonly Action<string> warn;
    private readonly OwnedElements masquerades;
    private readonly OwnedElements guards;

    /// <param name="network">The network's name: attachments of others are left alone.</param>
    /// <param name="dataDirectory">Where the records lie.</param>
    /// <param name="netlink">Owned from here on; null in a kernel without netfilter.</param>
    /// <param name="warn">Told when what others had cannot be put back, which is no reason to fail.</param>
    internal NodeFirewall(string network, string dataDirectory, NftablesNetlink? netlink, Action<string>? warn = null)
    {
        (this.network, this.dataDirectory, this.warn) = (network, dataDirectory, warn ?? (static _ => { }));
        Netlink = netlink;
        masquerades = new OwnedElements(new MasqueradeTable(), network, dataDirectory, netlink, RestoreLost);
        guards = new OwnedElements(new SpoofTable(), network, dataDirectory, netlink, RestoreLost);
        Masquerade = new Masquerade(masquerades);
        SpoofCheck = new SpoofCheck(guards);
    }

    public Masquerade Masquerade { get; }

    public SpoofCheck SpoofCheck { get; }

    /// <summary>Gets the conversation with the kernel, for whoever can close it in our place; null in a kernel without netfilter.</summary>
    public NftablesNetlink? Netlink { get; }

    /// <summary>Opens the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EMFILE. A kernel without netfilter is not refused before something is added.</exception>
    public static NodeFirewall Open(string network, string dataDirectory, Action<string>? warn = null)
    {
        try
        {
            return new NodeFirewall(network, dataDirectory, NftablesNetlink.Open(), warn);
        }
        catch (LinuxException missing) when (missing.Errno == Errno.EPROTONOSUPPORT)
        {
            return new NodeFirewall(network, dataDirectory, null, warn);
        }
    }

    /// <summary>Does what an attachment's record says.</summary>
    public void Add(Attachment attachment, EndpointRecord record)
    {
        if (record.Masqueraded.Count > 0)
        {
            Masquerade.Add(attachment, [.. record.Masqueraded]);
        }

        if (record.HeldTo is { } mac)
        {
            SpoofCheck.Add(attachment, mac);
        }
    }

    /// <summary>Undoes what an attachment's record said; its record is gone.</summary>
    public void Remove(Attachment attachment, EndpointRecord record)
    {
        SpoofCheck.Remove(attachment, record.HeldTo);
        Masquerade.Remove(attachment, [.. record.Masqueraded]);
    }

    /// <summary>Compares both tables with all records and makes them so.</summary>
    public void Restore()
    {
        using var alone = AttachmentRecords.LockEndpoints(dataDirectory);
        var records = EndpointRecord.ReadAll(dataDirectory).ToList();
        masquerades.Restore(records, evenIfEmpty: false);
        guards.Restore(records, evenIfEmpty: false);
    }

    /// <summary>Names what containers of the network had and lost, as far as the rules of the tables tell; null if nothing.</summary>
    /// <param name="masquerade">Whether to look for masquerading.</param>
    /// <param name="spoofCheck">Whether to look for the guard against forged MACs.</param>
    public string? Lost(bool masquerade, bool spoofCheck) =>
        (masquerade ? Lost(masquerades) : null) ?? (spoofCheck ? Lost(guards) : null);

    public void Dispose() => Netlink?.Dispose();

    private string? Lost(OwnedElements elements) =>
        elements.Lost() is { } lost && EndpointRecord.ReadAll(dataDirectory).Any(saved => elements.IsIn(saved.Network, saved.Attachment, saved.Record))
            ? lost
            : null;

    /// <summary>Puts back what everybody had, unless somebody else has by the time that it is our turn.</summary>
    private void RestoreLost(OwnedElements lost)
    {
        try
        {
            using var alone = AttachmentRecords.LockEndpoints(dataDirectory);
            if (lost.Lost() is not null)
            {
                var records = EndpointRecord.ReadAll(dataDirectory).ToList();

                // The one that was missed last: a kill in between is noticed again.
                (lost == masquerades ? guards : masquerades).Restore(records, evenIfEmpty: false);
                lost.Restore(records, evenIfEmpty: true);
            }
        }
        catch (LinuxException failure)
        {
            warn($"network {network}: the packet filter's elements of other containers cannot be put back: {failure.Message}");
        }
    }
}
