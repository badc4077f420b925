namespace CniTun.Ipam.Tests;

/// <summary>Files that someone deleted, cut or overwrote by hand.</summary>
public sealed class LeaseStoreDamageTests : IDisposable
{
    private readonly TestStore test = new();
    private readonly RangeSet set = TestStore.Set("10.1.0.0/28");

    private string Map => $"{test.Pools}/{set.Ranges[0]}";

    public void Dispose() => test.Dispose();

    [Fact]
    public void Addresses_whose_files_were_deleted_are_found_though_the_map_calls_them_leased()
    {
        test.Fill(set);
        File.Delete($"{test.Addresses}/10.1.0.5");
        File.Delete($"{test.Addresses}/10.1.0.9");

        Assert.Equal(["10.1.0.5", "10.1.0.9"], test.Fill(set, firstPod: 100));
    }

    [Fact]
    public void A_range_that_only_seems_full_is_looked_into_once_the_whole_set_is()
    {
        var two = RangeSet.Create([set.Ranges[0], AddressRangeTests.Create("10.2.0.0/30")]);
        test.Fill(set);
        File.Delete($"{test.Addresses}/10.1.0.5");

        Assert.Equal(["10.2.0.2", "10.1.0.5"], test.Fill(two, firstPod: 100));
    }

    [Fact]
    public void A_map_that_is_gone_or_unusable_is_made_anew_from_the_leases()
    {
        var addresses = Enumerable.Range(0, 5).Select(pod => test.MustAdd(pod, set)).ToList();
        var good = File.ReadAllBytes(Map);
        var damages = new List<Action>
        {
            () => File.Delete(Map),
            () => File.WriteAllBytes(Map, []),
            () => File.WriteAllBytes(Map, good[..^1]),
            () => File.WriteAllBytes(Map, [.. good, 0]),
            () => File.WriteAllBytes(Map, new byte[good.Length]),
            () => File.WriteAllBytes(Map, [.. good.Select(part => (byte)~part)]),
        };
        foreach (var (damage, pod) in damages.Zip(Enumerable.Range(10, damages.Count)))
        {
            damage();

            var address = test.MustAdd(pod, set);

            Assert.DoesNotContain(address, addresses);
            addresses.Add(address);
            Assert.Equal(addresses.Count + 1, test.LeasedBits(set.Ranges[0]));
        }
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xff)]
    public void Bits_and_a_cursor_that_lie_lead_to_no_address_twice(byte lie)
    {
        var before = Enumerable.Range(0, 5).Select(pod => test.MustAdd(pod, set)).ToList();
        var map = File.ReadAllBytes(Map);
        map.AsSpan(sizeof(long)).Fill(lie);
        File.WriteAllBytes(Map, map);

        var after = test.Fill(set, firstPod: 10);

        Assert.Equal(13, before.Union(after).Count());
        Assert.Equal(8, after.Count);
    }

    [Fact]
    public void A_release_needs_no_map()
    {
        foreach (var damage in new Action[] { () => File.Delete(Map), () => File.WriteAllText(Map, "x") })
        {
            test.MustAdd(1, set);
            File.WriteAllText($"{test.Pools}/stray", "x");
            damage();

            test.Store.Release(TestStore.Pod(1));

            test.AssertNothingLeft();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\0\0\0\0")]
    [InlineData("""{"address":"10.1.0.2","gateway":"10.1.0.1","containerId":"a","interfaceName":"b","networkNamespace":"c"}""")]
    [InlineData("""{"address":"10.1.0.2/28","gateway":"10.1.0.1","containerId":null,"interfaceName":"b","networkNamespace":"c"}""")]
    [InlineData("""{"address":"10.1.0.2/28","gateway":"10.1.0.1","containerId":"\ud800","interfaceName":"b","networkNamespace":"c"}""")]
    public void A_damaged_lease_is_not_listed_and_not_leased_twice_and_is_released_all_the_same(string content)
    {
        var pod = TestStore.Pod(1);
        var address = test.MustAdd(1, set);
        File.WriteAllText($"{test.Addresses}/{address}", content);

        Assert.Empty(test.Store.List());
        Assert.Empty(test.Store.Find(pod));
        var others = test.Fill(set, firstPod: 10);
        Assert.DoesNotContain(address, others);
        Assert.Equal(12, others.Count);
        Assert.Null(test.Add(pod, set));

        test.Store.Release(pod);

        Assert.False(File.Exists($"{test.Addresses}/{address}"));
        Assert.Equal(address, test.MustAdd(100, set));
    }

    [Fact]
    public void A_damaged_lease_and_the_new_one_of_its_owner_are_released_together()
    {
        var address = test.MustAdd(1, set);
        File.WriteAllText($"{test.Addresses}/{address}", string.Empty);

        Assert.NotEqual(address, test.MustAdd(1, set));

        test.Store.Release(TestStore.Pod(1));
        test.AssertNothingLeft();
    }

    [Fact]
    public void Stray_files_are_passed_over()
    {
        File.WriteAllText($"{test.Addresses}/README", "x");
        File.WriteAllText($"{test.Addresses}/010.1.0.2", "x");
        File.WriteAllText($"{test.Attachments}/no-colon", "x");
        File.WriteAllText($"{test.Attachments}/:no-container", "x");
        File.WriteAllText($"{test.Attachments}/no-interface:", "x");
        File.WriteAllText($"{test.Pools}/10.1.0.1-10.1.0.0", "x");

        Assert.Equal("10.1.0.2", test.MustAdd(1, set));
        Assert.Single(test.Store.List());
        Assert.Equal([TestStore.Pod(1)], test.Store.Attachments());
        test.Store.Release(TestStore.Pod(1));
    }
}
