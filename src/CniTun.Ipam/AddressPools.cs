using CniTun.Addresses;
using CniTun.Linux.Files;

namespace CniTun.Ipam;

/// <summary>The free maps of a network's ranges, and what keeps them in step with the leases. Owns its own directory, borrows that of the leases.</summary>
internal sealed class AddressPools(DirectoryHandle pools, DirectoryHandle addresses) : IDisposable
{
    /// <summary>Opens the map of a range; made from the leases where it is missing.</summary>
    public FreeMap Open(AddressRange range) => FreeMap.OpenOrCreate(pools, range, () => LeasedOffsets(range));

    /// <summary>Lists which addresses of a range are not free, as distances from the first: those leased, and the gateway.</summary>
    public IEnumerable<int> LeasedOffsets(AddressRange range)
    {
        foreach (var name in addresses.List())
        {
            if (IpAddress.TryParse(name, out var address)
                && range.Contains(address)
                && address.Value - range.First.Value < (UInt128)range.Count)
            {
                yield return (int)(address.Value - range.First.Value);
            }
        }

        if (range.Gateway >= range.First && range.Gateway <= range.Last && range.Gateway.Value - range.First.Value < (UInt128)range.Count)
        {
            yield return (int)(range.Gateway.Value - range.First.Value);
        }
    }

    /// <summary>Does something with the bit of an address, unless it lies behind those that we choose from.</summary>
    public void Change(AddressRange range, IpAddress address, Action<FreeMap, int> action)
    {
        var offset = address.Value - range.First.Value;
        if (offset < (UInt128)range.Count)
        {
            using var map = Open(range);
            action(map, (int)offset);
        }
    }

    /// <summary>Notes in every map that an address is about to be free.</summary>
    /// <param name="name">The name of its lease file.</param>
    public void MarkFree(string name)
    {
        if (!IpAddress.TryParse(name, out var address))
        {
            return;
        }

        foreach (var pool in pools.List())
        {
            if (PoolName.TryParse(pool, out var first, out var last) && address >= first && address <= last)
            {
                using var map = FreeMap.TryOpen(pools, pool, PoolName.Count(first, last));
                var offset = address.Value - first.Value;
                map?.MarkFree((int)UInt128.Min(offset, AddressRange.MostAddresses));
            }
        }
    }

    /// <summary>Tells whether an address of the range is free; where none seems to be, the leases themselves are asked.</summary>
    public bool HasFree(AddressRange range)
    {
        using var map = Open(range);
        if (map.FindFree() is null)
        {
            map.Rebuild(LeasedOffsets(range));
        }

        return map.FindFree() is not null;
    }

    /// <summary>Does something unless an empty file beside the maps says that it was done.</summary>
    public void Once(string name, Action action)
    {
        if (pools.Identify(name) is not null)
        {
            return;
        }

        action();
        using var note = UnnamedFile.Create(pools, default);
        note.TryLink(pools, name);
    }

    public void Dispose() => pools.Dispose();
}
