using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Ipam;

/// <summary>
/// The leases of one network, as files. Any number of processes use it at once, and each may be killed at any instant.
/// </summary>
/// <remarks>
/// <code>
/// DATADIR/NETWORK/attachments/CONTAINER:IFNAME/    there from before ADD made anything until after DEL removed everything
/// DATADIR/NETWORK/attachments/CONTAINER:IFNAME/ADDRESS    says which address to look for: found without scanning
/// DATADIR/NETWORK/attachments/CONTAINER:IFNAME/endpoint   what the host does for it beside, in its owner's words
/// DATADIR/NETWORK/addresses/ADDRESS                the lease itself: the same file by another name
/// DATADIR/NETWORK/pools/FIRST-LAST                 which addresses seem free: a hint (FreeMap)
/// </code>
/// <para>A lease begins when link(2) puts a complete file at addresses/ADDRESS, which the kernel grants to one process only. The name below
/// attachments/ is put first and taken away last, so that every lease is found by its owner. A name there whose file is not that of
/// addresses/ADDRESS is a claim that was lost or given up, and means nothing.</para>
/// <para>Who leases to one attachment or releases it holds the lock (flock) on its directory, for microseconds: else a release could look at an
/// address, and free it after somebody else did and a third was given it. The kernel lets go of it when its holder dies. Different
/// attachments never wait for each other.</para>
/// <para>DATADIR is meant to be on tmpfs: a pod does not survive a reboot, and neither shall its address.</para>
/// </remarks>
public sealed class LeaseStore : IDisposable
{
    private const int LongestLeaseBytes = 8192;

    private readonly AttachmentRecords records;
    private readonly DirectoryHandle addresses;
    private readonly AddressPools pools;

    private LeaseStore(AttachmentRecords records, DirectoryHandle addresses, AddressPools pools) =>
        (this.records, this.addresses, this.pools) = (records, addresses, pools);

    /// <summary>Gets what else is known of the attachments; the store's own.</summary>
    public AttachmentRecords Records => records;

    /// <summary>Opens the store of a network, made where missing.</summary>
    /// <param name="dataDirectory">An absolute path.</param>
    /// <param name="network">Fit to name a file.</param>
    /// <exception cref="LinuxException">EROFS, ENOSPC, EACCES, ENOTDIR.</exception>
    public static LeaseStore Open(string dataDirectory, string network) =>
        Open(dataDirectory, DirectoryHandle.OpenOrCreate($"{dataDirectory}/{network}"), (parent, name) => parent.OpenOrCreateChild(name))!;

    /// <summary>Opens the store of a network if there is one.</summary>
    public static LeaseStore? TryOpen(string dataDirectory, string network) =>
        DirectoryHandle.TryOpen($"{dataDirectory}/{network}") is { } directory
            ? Open(dataDirectory, directory, (parent, name) => parent.TryOpenChild(name))
            : null;

    /// <summary>Lists the networks that have a store.</summary>
    public static IReadOnlyList<string> Networks(string dataDirectory)
    {
        using var directory = DirectoryHandle.TryOpen(dataDirectory);
        return directory?.List() ?? [];
    }

    /// <summary>Tells whether any lease of any network has the address as its gateway.</summary>
    public static bool IsGateway(string dataDirectory, IpAddress address) => Networks(dataDirectory).Any(network =>
    {
        using var store = TryOpen(dataDirectory, network);
        return store?.List().Any(lease => lease.Gateway == address) == true;
    });

    /// <summary>Notes that something will be made for an attachment: from now on <see cref="Attachments"/> lists it.</summary>
    /// <exception cref="ArgumentException">The two names together are longer than a file name may be (254 bytes).</exception>
    public void Begin(Attachment attachment) => records.Open(attachment).Dispose();

    /// <summary>Leases an address of the set to the attachment: the one that it has already, or a free one.</summary>
    /// <remarks>After <see cref="Begin"/>. The namespace goes into the lease.</remarks>
    /// <returns>Null if every address is leased.</returns>
    /// <exception cref="LinuxException">ENOSPC, EROFS, EOPNOTSUPP: the file system has no unnamed files.</exception>
    public Lease? Allocate(Attachment attachment, string networkNamespace, RangeSet set)
    {
        foreach (var lease in Find(attachment))
        {
            if (set.Find(lease.Address.Address) is not null)
            {
                return lease;
            }
        }

        using var record = records.Lock(attachment);
        return Allocate(record, attachment, networkNamespace, set, rebuildMaps: false)
            ?? Allocate(record, attachment, networkNamespace, set, rebuildMaps: true);
    }

    /// <summary>As <see cref="Allocate(Attachment, string, RangeSet)"/>, but a certain address of the set; null if it is leased to another.</summary>
    public Lease? Claim(Attachment attachment, string networkNamespace, RangeSet set, IpAddress address)
    {
        if (Find(attachment).FirstOrDefault(lease => lease.Address.Address == address) is { } had)
        {
            return had;
        }

        var range = set.Find(address) ?? throw new ArgumentException($"{address} is not in {set}", nameof(address));
        using var record = records.Lock(attachment);
        var lease = new Lease(new Cidr(address, range.Subnet.PrefixLength), range.Gateway, attachment, networkNamespace);
        if (!TryClaim(record, lease))
        {
            return null;
        }

        pools.Change(range, address, static (map, offset) => map.MarkLeased(offset, moveCursor: false));
        return lease;
    }

    /// <summary>Has the search for a free address go on behind this one, as if it had been the last given out; whether it is leased does not matter.</summary>
    public void ContinueBehind(RangeSet set, IpAddress address)
    {
        if (set.Find(address) is { } range)
        {
            pools.Change(range, address, static (map, offset) => map.ContinueBehind(offset));
        }
    }

    /// <summary>Does something once in the life of the store, of which a file of that name tells; again if it was cut short, and in several processes at once.</summary>
    public void Once(string what, Action action) => pools.Once(what, action);

    /// <summary>Tells whether an address of the set is free.</summary>
    public bool HasFree(RangeSet set) => set.Ranges.Any(pools.HasFree);

    /// <summary>Fails as the next lease would if nothing can be written (EROFS, ENOSPC, EOPNOTSUPP).</summary>
    public void EnsureWritable() => UnnamedFile.Create(addresses, "status"u8).Dispose();

    /// <summary>Gets the leases of an attachment.</summary>
    public IReadOnlyList<Lease> Find(Attachment attachment)
    {
        using var record = records.TryOpen(attachment);
        var leases = new List<Lease>();
        foreach (var name in AttachmentRecords.Notes(record))
        {
            if (name != AttachmentRecords.EndpointFile && IsLease(record!, name) && Read(name) is { } lease)
            {
                leases.Add(lease);
            }
        }

        return leases;
    }

    /// <summary>Frees all addresses of an attachment and forgets it. Repeating it is no error.</summary>
    /// <returns>False if there was no record of the attachment.</returns>
    public bool Release(Attachment attachment)
    {
        using var record = records.TryOpen(attachment);
        if (record is null)
        {
            // A read-only file system would refuse even to delete what is not there.
            return false;
        }

        record.Lock();
        if (!records.IsStill(record, attachment))
        {
            // Another release was faster; what has the name now belongs to a later ADD.
            return true;
        }

        foreach (var name in AttachmentRecords.Notes(record))
        {
            if (IsLease(record, name))
            {
                pools.MarkFree(name);
                addresses.TryDelete(name);
            }

            record.TryDelete(name);
        }

        records.Forget(attachment);
        return true;
    }

    /// <summary>Frees leases that no record leads to, as when somebody removed the records. Reads every lease.</summary>
    public void ReleaseUnrecorded(Predicate<Lease> which)
    {
        foreach (var name in addresses.List())
        {
            if (Read(name) is { } lease && which(lease) && !IsRecorded(lease, name))
            {
                pools.MarkFree(name);
                addresses.TryDelete(name);
            }
        }
    }

    /// <summary>Lists who has, or once began to get, anything.</summary>
    public IReadOnlyList<Attachment> Attachments() => records.List();

    /// <summary>Lists all leases, by address; damaged files are passed over.</summary>
    public IReadOnlyList<Lease> List() =>
        [.. addresses.List().Select(Read).OfType<Lease>().OrderBy(lease => lease.Address.Address)];

    public void Dispose()
    {
        records.Dispose();
        addresses.Dispose();
        pools.Dispose();
    }

    private static LeaseStore? Open(string dataDirectory, DirectoryHandle network, Func<DirectoryHandle, string, DirectoryHandle?> openChild)
    {
        var opened = new List<DirectoryHandle>(3);
        using (network)
        {
            try
            {
                foreach (var name in (ReadOnlySpan<string>)["attachments", "addresses", "pools"])
                {
                    if (openChild(network, name) is { } child)
                    {
                        opened.Add(child);
                    }
                }

                if (opened is [var first, var second, var third])
                {
                    opened.Clear();
                    return new LeaseStore(new AttachmentRecords(first, dataDirectory), second, new AddressPools(third, second));
                }

                return null;
            }
            finally
            {
                opened.ForEach(left => left.Dispose());
            }
        }
    }

    /// <param name="rebuildMaps">Look at the leases themselves: a range may seem full though someone took files away behind our back.</param>
    private Lease? Allocate(
        DirectoryHandle record, Attachment attachment, string networkNamespace, RangeSet set, bool rebuildMaps)
    {
        foreach (var range in set.Ranges)
        {
            using var map = pools.Open(range);
            if (rebuildMaps)
            {
                map.Rebuild(pools.LeasedOffsets(range));
            }

            while (map.FindFree() is { } offset)
            {
                var address = range.First.Add((UInt128)offset);
                var lease = new Lease(new Cidr(address, range.Subnet.PrefixLength), range.Gateway, attachment, networkNamespace);
                var ours = address != range.Gateway && TryClaim(record, lease);
                map.MarkLeased(offset, moveCursor: ours);
                if (ours)
                {
                    return lease;
                }
            }
        }

        return null;
    }

    /// <summary>First the note where to look, then the claim itself.</summary>
    private bool TryClaim(DirectoryHandle record, Lease lease)
    {
        var name = lease.Address.Address.ToString();
        using var file = UnnamedFile.Create(addresses, lease.ToFile());

        if (!file.TryLink(record, name))
        {
            // Either a lease of ours that can no longer be read, which the next release frees, or a claim that was lost.
            if (IsLease(record, name))
            {
                return false;
            }

            record.TryDelete(name);
            file.TryLink(record, name);
        }

        if (file.TryLink(addresses, name))
        {
            return true;
        }

        record.TryDelete(name);
        return false;
    }

    private bool IsRecorded(Lease lease, string name)
    {
        using var record = records.TryOpen(lease.Attachment);
        return record is not null && IsLease(record, name);
    }

    private bool IsLease(DirectoryHandle record, string name) =>
        record.Identify(name) is { } note && addresses.Identify(name) == note;

    private Lease? Read(string name) => addresses.TryRead(name, LongestLeaseBytes) is { } content ? Lease.FromFile(content) : null;
}
