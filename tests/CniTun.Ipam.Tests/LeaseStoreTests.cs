using CniTun.Addresses;

namespace CniTun.Ipam.Tests;

public sealed class LeaseStoreTests : IDisposable
{
    private readonly TestStore test = new();

    public void Dispose() => test.Dispose();

    [Fact]
    public void A_lease_says_all_that_was_agreed_and_is_found_by_its_owner()
    {
        var pod = TestStore.Pod(1);

        var lease = test.Add(pod, TestStore.Set("10.1.0.0/24"));

        Assert.Equal(
            new Lease(Cidr.Parse("10.1.0.2/24"), IpAddress.Parse("10.1.0.1"), pod, "/run/netns/pod-1"),
            lease);
        Assert.Equal([lease!], test.Store.Find(pod));
        Assert.Equal([lease!], test.Store.List());
        Assert.Equal([pod], test.Store.Attachments());
        Assert.Empty(test.Store.Find(TestStore.Pod(2)));
    }

    [Fact]
    public void A_lease_that_is_released_is_gone_and_releasing_it_again_is_no_error()
    {
        var pod = TestStore.Pod(1);
        test.Add(pod, TestStore.Set("10.1.0.0/24"));

        test.Store.Release(pod);
        test.Store.Release(pod);

        Assert.Empty(test.Store.Find(pod));
        Assert.Empty(test.Store.List());
        Assert.Empty(test.Store.Attachments());
        test.AssertNothingLeft();
    }

    [Fact]
    public void Releasing_what_never_was_is_no_error() => test.Store.Release(new Attachment("never-was", "eth0"));

    [Fact]
    public void Asking_again_gives_the_same_address_of_each_set()
    {
        var pod = TestStore.Pod(1);
        var four = TestStore.Set("10.1.0.0/24");
        var six = TestStore.Set("fd00::/64");

        var first = (test.Add(pod, four), test.Add(pod, six));

        Assert.Equal(first, (test.Add(pod, four), test.Add(pod, six)));
        Assert.Equal(2, test.Store.List().Count);
        Assert.Equal(2, test.Store.Find(pod).Count);
        test.Store.Release(pod);
        test.AssertNothingLeft();
    }

    [Fact]
    public void Two_interfaces_of_one_container_have_leases_of_their_own()
    {
        var set = TestStore.Set("10.1.0.0/24");
        var one = new Attachment("pod", "eth0");
        var other = new Attachment("pod", "net1");

        Assert.NotEqual(test.Add(one, set)!.Address, test.Add(other, set)!.Address);

        test.Store.Release(one);
        Assert.Equal([other], test.Store.Attachments());
        Assert.Equal(other, Assert.Single(test.Store.List()).Attachment);
    }

    [Fact]
    public void An_attachment_is_listed_from_its_beginning_on()
    {
        var pod = TestStore.Pod(1);

        test.Store.Begin(pod);
        test.Store.Begin(pod);

        Assert.Equal([pod], test.Store.Attachments());
        Assert.Empty(test.Store.Find(pod));
        test.Store.Release(pod);
        test.AssertNothingLeft();
    }

    [Fact]
    public void Every_address_but_the_gateways_is_leased_once_and_then_none()
    {
        var set = RangeSet.Create([AddressRange.Create(Cidr.Parse("10.1.0.0/28"), gateway: IpAddress.Parse("10.1.0.7"))]);

        var addresses = test.Fill(set);

        Assert.Equal(Enumerable.Range(1, 14).Except([7]).Select(i => $"10.1.0.{i}"), addresses);
        Assert.Null(test.Add(100, set));
    }

    [Fact]
    public void An_exhausted_set_leases_again_as_soon_as_an_address_is_released()
    {
        var set = TestStore.Set("10.1.0.0/29");
        var addresses = test.Fill(set);

        test.Store.Release(TestStore.Pod(3));

        Assert.Equal(addresses[3], test.MustAdd(100, set));
        Assert.Null(test.Add(101, set));
    }

    [Fact]
    public void Exhaustion_of_one_set_leaves_the_other_alone()
    {
        var four = TestStore.Set("10.1.0.0/30");
        var six = TestStore.Set("fd00::/126");

        Assert.Equal(["10.1.0.2"], test.Fill(four));

        Assert.Equal(["fd00::2", "fd00::3"], test.Fill(six, firstPod: 10));
    }

    [Fact]
    public void The_next_range_of_a_set_takes_over_when_one_is_full()
    {
        var set = RangeSet.Create([AddressRangeTests.Create("10.1.0.0/30"), AddressRangeTests.Create("10.2.0.0/30")]);

        Assert.Equal(["10.1.0.2", "10.2.0.2"], test.Fill(set));

        test.Store.Release(TestStore.Pod(0));
        Assert.Equal("10.1.0.2", test.MustAdd(100, set));
    }

    [Fact]
    public void An_address_is_not_reused_at_once()
    {
        var set = TestStore.Set("10.1.0.0/24");
        var last = string.Empty;
        for (var round = 0; round < 300; round++)
        {
            var address = test.MustAdd(1, set);
            test.Store.Release(TestStore.Pod(1));
            Assert.Equal($"10.1.0.{(round % 253) + 2}", address);
            Assert.NotEqual(last, address);
            last = address;
        }
    }

    [Fact]
    public void A_large_IPv6_range_is_leased_from_its_beginning()
    {
        var set = TestStore.Set("fd00:1::/64");

        Assert.Equal("fd00:1::2", test.MustAdd(1, set));
        Assert.Equal("fd00:1::3", test.MustAdd(2, set));
        Assert.Equal(AddressRange.MostAddresses / 8 + 16, new FileInfo($"{test.Pools}/{set.Ranges[0]}").Length);
    }

    [Fact]
    public void A_lease_from_ranges_that_are_no_longer_configured_is_kept_until_the_release()
    {
        var pod = TestStore.Pod(1);
        test.Add(pod, TestStore.Set("10.1.0.0/24"));

        Assert.Equal("10.2.0.2", test.MustAdd(1, TestStore.Set("10.2.0.0/24")));

        Assert.Equal(2, test.Store.Find(pod).Count);
        test.Store.Release(pod);
        test.AssertNothingLeft();
    }

    [Fact]
    public void A_gateway_that_was_moved_is_not_leased_and_its_old_address_is()
    {
        var before = TestStore.Set("10.1.0.0/29");
        Assert.Equal("10.1.0.2", test.MustAdd(1, before));

        var after = RangeSet.Create([AddressRange.Create(Cidr.Parse("10.1.0.0/29"), gateway: IpAddress.Parse("10.1.0.3"))]);

        Assert.Equal(["10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.1"], test.Fill(after, firstPod: 2));
    }

    [Fact]
    public void Leases_are_listed_by_address()
    {
        var six = TestStore.Set("fd00::/64");
        var four = TestStore.Set("10.1.0.0/24");
        for (var pod = 0; pod < 20; pod++)
        {
            test.MustAdd(pod, six);
            test.MustAdd(pod, four);
        }

        var addresses = test.Store.List().Select(lease => lease.Address.Address).ToList();

        Assert.Equal(addresses.Order(), addresses);
        Assert.Equal(40, addresses.Count);
    }

    [Theory]
    [InlineData("a-b_c.d", "eth-0_1.2")]
    [InlineData("0", "e")]
    [InlineData("pod", "netzwärmgerät")]
    public void Names_of_every_kind_are_kept(string container, string link)
    {
        var pod = new Attachment(container, link);

        var lease = test.Add(pod, TestStore.Set("10.1.0.0/24"));

        Assert.Equal([lease!], test.Store.Find(pod));
        Assert.Equal(pod, Assert.Single(test.Store.Attachments()));
        test.Store.Release(pod);
        test.AssertNothingLeft();
    }

    [Fact]
    public void The_longest_names_that_a_file_can_have_are_taken_and_longer_ones_refused()
    {
        var set = TestStore.Set("10.1.0.0/24");
        var longest = new Attachment(new string('c', 250), "eth0");
        Assert.NotNull(test.Add(longest, set));
        Assert.Equal(longest, Assert.Single(test.Store.Attachments()));
        test.Store.Release(longest);

        // Bytes count, not characters.
        foreach (var tooLong in new[] { new Attachment(new string('c', 251), "eth0"), new Attachment(new string('c', 245), "ääääää") })
        {
            Assert.Throws<ArgumentException>(() => test.Store.Begin(tooLong));
            Assert.Throws<ArgumentException>(() => test.Store.Allocate(tooLong, "/run/netns/pod", set));
        }

        test.AssertNothingLeft();
    }

    [Fact]
    public void Names_too_long_to_have_a_lease_have_none_and_releasing_it_is_no_error()
    {
        var tooLong = new Attachment(new string('c', 300), "eth0");

        Assert.Empty(test.Store.Find(tooLong));
        test.Store.Release(tooLong);
    }

    [Fact]
    public void Networks_do_not_share_leases()
    {
        var set = TestStore.Set("10.1.0.0/24");
        using var other = LeaseStore.Open(test.Root, "other");

        var here = test.Add(1, set);
        var there = other.Allocate(TestStore.Pod(2), "/run/netns/pod-2", set);

        Assert.Equal(here!.Address, there!.Address);
        Assert.Equal(["net", "other"], LeaseStore.Networks(test.Root).Order(StringComparer.Ordinal));
        Assert.Empty(LeaseStore.Networks($"{test.Root}/nothing"));
    }

    /// <summary>The hint leads to a free address at once: each address tried in vain would leave a bit behind.</summary>
    [Fact]
    public void Among_60000_leases_the_first_address_tried_is_free()
    {
        const int Leases = 60_000;
        var set = TestStore.Set("10.1.0.0/16");
        var range = set.Ranges[0];
        using (var directory = Linux.Files.DirectoryHandle.OpenOrCreate(test.Addresses))
        using (var file = Linux.Files.UnnamedFile.Create(directory, default))
        {
            for (var offset = 1; offset <= Leases; offset++)
            {
                Assert.True(file.TryLink(directory, range.First.Add((UInt128)offset).ToString()));
            }
        }

        // With the gateway.
        var bits = Leases + 1;
        for (var pod = 0; pod < 20; pod++)
        {
            Assert.Equal(range.First.Add((UInt128)bits).ToString(), test.MustAdd(pod, set));
            Assert.Equal(++bits, test.LeasedBits(range));
        }
    }
}
