using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Ipam.Tests;

public sealed class FreeMapTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
    private readonly DirectoryHandle directory;

    public FreeMapTests() => directory = DirectoryHandle.OpenOrCreate(root);

    public static TheoryData<int> Sizes => [1, 2, 3, 63, 64, 65, 127, 128, 129, 1000];

    public void Dispose()
    {
        directory.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void It_answers_as_a_list_of_bits_would(int size)
    {
        var random = new Random(size);
        var leased = new bool[size];
        var cursor = 0;
        using var map = Open(size);
        for (var step = 0; step < 5000; step++)
        {
            // Mostly leasing, then mostly freeing, so that the map is nearly full and nearly empty in turn.
            var offset = random.Next(size);
            if (random.Next(10) < (step / 1000 % 2 == 0 ? 8 : 2))
            {
                var ours = random.Next(2) == 0;
                map.MarkLeased(offset, moveCursor: ours);
                leased[offset] = true;
                cursor = ours ? offset + 1 : cursor;
            }
            else
            {
                map.MarkFree(offset);
                leased[offset] = false;
            }

            Assert.Equal(FirstFree(leased, cursor), map.FindFree());
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void It_gives_every_address_once_and_then_none(int size)
    {
        using var map = Open(size);
        var given = new List<int>();
        while (map.FindFree() is { } offset)
        {
            given.Add(offset);
            map.MarkLeased(offset, moveCursor: true);
        }

        Assert.Equal(Enumerable.Range(0, size), given);
    }

    [Fact]
    public void The_search_goes_on_behind_the_last_address_given_and_around()
    {
        using var map = Open(100);
        map.MarkLeased(98, moveCursor: true);
        Assert.Equal(99, map.FindFree());
        map.MarkLeased(99, moveCursor: true);
        Assert.Equal(0, map.FindFree());
        map.MarkLeased(0, moveCursor: false);
        Assert.Equal(1, map.FindFree());
    }

    [Fact]
    public void The_largest_map_is_searched_to_its_last_bit()
    {
        using var map = Open(AddressRange.MostAddresses);
        for (var offset = 0; offset < AddressRange.MostAddresses - 1; offset++)
        {
            map.MarkLeased(offset, moveCursor: false);
        }

        Assert.Equal(AddressRange.MostAddresses - 1, map.FindFree());
        map.MarkLeased(AddressRange.MostAddresses - 1, moveCursor: true);
        Assert.Null(map.FindFree());
        map.MarkFree(AddressRange.MostAddresses / 2);
        Assert.Equal(AddressRange.MostAddresses / 2, map.FindFree());
    }

    [Fact]
    public void An_address_behind_the_map_is_passed_over()
    {
        using var map = Open(64);
        map.MarkFree(64);
        map.MarkFree(int.MaxValue);
        Assert.Equal(0, map.FindFree());
    }

    [Fact]
    public void Two_owners_see_each_others_marks_at_once()
    {
        using var one = Open(10);
        using var other = Open(10);

        one.MarkLeased(0, moveCursor: true);

        Assert.Equal(1, other.FindFree());
    }

    [Fact]
    public void A_new_map_knows_what_is_leased()
    {
        using var map = FreeMap.OpenOrCreate(directory, Range(200), () => [0, 1, 64, 199]);
        var free = new List<int>();
        while (map.FindFree() is { } offset)
        {
            free.Add(offset);
            map.MarkLeased(offset, moveCursor: true);
        }

        Assert.Equal(Enumerable.Range(0, 200).Except([0, 1, 64, 199]), free);
    }

    [Fact]
    public void A_map_that_is_there_is_kept_and_nobody_asks_what_is_leased()
    {
        using (var map = Open(10))
        {
            map.MarkLeased(0, moveCursor: false);
        }

        using var again = FreeMap.OpenOrCreate(directory, Range(10), () => throw new InvalidOperationException("asked"));

        Assert.Equal(1, again.FindFree());
    }

    [Fact]
    public void Rebuilding_frees_what_is_not_leased_and_nothing_else()
    {
        using var map = Open(130);
        for (var offset = 0; offset < 130; offset++)
        {
            map.MarkLeased(offset, moveCursor: true);
        }

        map.Rebuild(Enumerable.Range(0, 130).Except([63, 129]));

        Assert.Equal(63, map.FindFree());
        map.MarkLeased(63, moveCursor: true);
        Assert.Equal(129, map.FindFree());
        map.MarkLeased(129, moveCursor: true);
        Assert.Null(map.FindFree());
    }

    [Fact]
    public void Opening_leaves_no_descriptor_open()
    {
        File.WriteAllText($"{root}/bad", new string('x', (2 + 1) * sizeof(long)));
        using var nowhere = DirectoryHandle.OpenOrCreate("/proc/self");
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            Open(10).Dispose();
            Assert.Null(FreeMap.TryOpen(directory, "bad", 10));
            Assert.Null(FreeMap.TryOpen(directory, "missing", 10));
            Assert.Throws<LinuxException>(() => FreeMap.OpenOrCreate(nowhere, Range(10), () => []));
        });
    }

    private static AddressRange Range(int size)
    {
        var first = IpAddress.Parse("fd00::");
        return AddressRange.Create(Cidr.Parse("fd00::/64"), first, first.Add((UInt128)(size - 1)), IpAddress.Parse("fd00::1:0:0:0"));
    }

    private static int? FirstFree(bool[] leased, int cursor)
    {
        for (var i = 0; i < leased.Length; i++)
        {
            var offset = (cursor + i) % leased.Length;
            if (!leased[offset])
            {
                return offset;
            }
        }

        return null;
    }

    private FreeMap Open(int size) => FreeMap.OpenOrCreate(directory, Range(size), () => []);
}
