using CniTun.Addresses;

namespace CniTun.Ipam.Tests;

public sealed class RangeSetTests
{
    [Fact]
    public void An_address_is_found_in_the_range_that_may_lease_it()
    {
        var set = RangeSet.Create([AddressRangeTests.Create("10.1.0.0/24"), AddressRangeTests.Create("10.3.0.0/24")]);

        Assert.Same(set.Ranges[1], set.Find(IpAddress.Parse("10.3.0.9")));
        Assert.Null(set.Find(IpAddress.Parse("10.2.0.9")));
        Assert.Null(set.Find(IpAddress.Parse("10.1.0.1")));
        Assert.False(set.IsIPv6);
        Assert.Equal("10.1.0.1-10.1.0.254, 10.3.0.1-10.3.0.254", set.ToString());
    }

    [Fact]
    public void An_empty_set_is_refused() =>
        Assert.Equal("a range set is empty", Assert.Throws<RangeException>(() => RangeSet.Create([])).Message);

    [Fact]
    public void Two_families_are_refused()
    {
        var refused = Assert.Throws<RangeException>(() => RangeSet.Create(
            [AddressRangeTests.Create("10.1.0.0/24"), AddressRangeTests.Create("fd00::/64")]));

        Assert.Equal("a range set mixes IPv4 and IPv6; give each family a set of its own", refused.Message);
    }

    [Theory]
    [InlineData("10.1.0.10", "10.1.0.20")]
    [InlineData("10.1.0.1", "10.1.0.10")]
    [InlineData("10.1.0.20", "10.1.0.30")]
    [InlineData("10.1.0.12", "10.1.0.13")]
    [InlineData("10.1.0.1", "10.1.0.99")]
    public void Two_ranges_that_share_an_address_are_refused(string first, string last)
    {
        var refused = Assert.Throws<RangeException>(() => RangeSet.Create(
        [
            AddressRangeTests.Create("10.1.0.0/24", "10.1.0.10", "10.1.0.20"),
            AddressRangeTests.Create("10.1.0.0/24", first, last),
        ]));

        Assert.Equal($"ranges 10.1.0.10-10.1.0.20 and {first}-{last} overlap", refused.Message);
    }

    [Fact]
    public void Ranges_of_one_subnet_may_lie_side_by_side() => Assert.Equal(2, RangeSet.Create(
    [
        AddressRangeTests.Create("10.1.0.0/24", "10.1.0.10", "10.1.0.20"),
        AddressRangeTests.Create("10.1.0.0/24", "10.1.0.21", "10.1.0.30"),
    ]).Ranges.Count);
}
