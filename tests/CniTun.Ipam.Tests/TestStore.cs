namespace CniTun.Ipam.Tests;

/// <summary>A lease store in a directory of the test's own, with the hands to damage it. Gone with Dispose.</summary>
internal sealed class TestStore : IDisposable
{
    public const string Network = "net";

    public TestStore()
    {
        Root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
        Store = LeaseStore.Open(Root, Network);
    }

    /// <summary>Gets the data directory.</summary>
    public string Root { get; }

    public LeaseStore Store { get; }

    public string Addresses => $"{Root}/{Network}/addresses";

    public string Attachments => $"{Root}/{Network}/attachments";

    public string Pools => $"{Root}/{Network}/pools";

    public static Attachment Pod(int number) => new($"pod-{number}", "eth0");

    public static RangeSet Set(string subnet, string? first = null, string? last = null) =>
        RangeSet.Create([AddressRangeTests.Create(subnet, first, last)]);

    /// <summary>Does what ADD does, with another process's view of the store.</summary>
    public Lease? Add(Attachment pod, RangeSet set)
    {
        using var store = LeaseStore.Open(Root, Network);
        store.Begin(pod);
        return store.Allocate(pod, $"/run/netns/{pod.ContainerId}", set);
    }

    public Lease? Add(int pod, RangeSet set) => Add(Pod(pod), set);

    /// <summary>As <see cref="Add(int, RangeSet)"/>, and fails the test if every address is leased.</summary>
    public string MustAdd(int pod, RangeSet set)
    {
        var lease = Add(pod, set);
        Assert.NotNull(lease);
        return lease.Address.Address.ToString();
    }

    /// <summary>Leases every address of the set, to pods from a number on.</summary>
    /// <returns>The addresses, in the order in which they were leased.</returns>
    public List<string> Fill(RangeSet set, int firstPod = 0)
    {
        var addresses = new List<string>();
        while (Add(firstPod + addresses.Count, set) is { } lease)
        {
            addresses.Add(lease.Address.Address.ToString());
        }

        Store.Release(Pod(firstPod + addresses.Count));
        return addresses;
    }

    /// <summary>Gets how many addresses the map of a range calls leased.</summary>
    public int LeasedBits(AddressRange range)
    {
        var map = File.ReadAllBytes($"{Pools}/{range}");
        return map.Skip(2 * sizeof(long)).Sum(part => System.Numerics.BitOperations.PopCount(part));
    }

    /// <summary>Lists all files and directories below the network's, as paths in it.</summary>
    public IReadOnlyList<string> Layout()
    {
        var top = new DirectoryInfo($"{Root}/{Network}");
        return
        [
            .. top.EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
                .Select(entry => Path.GetRelativePath(top.FullName, entry.FullName) + (entry is DirectoryInfo ? "/" : string.Empty))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Fails the test if anything is left of any lease or attachment.</summary>
    public void AssertNothingLeft()
    {
        Assert.Empty(Directory.GetFileSystemEntries(Addresses));
        Assert.Empty(Directory.GetFileSystemEntries(Attachments));
    }

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
