using CniTun.Addresses;

namespace CniTun.Ipam.Tests;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.1.0.0/24", "10.1.0.1", "10.1.0.254", "10.1.0.1", 254)]
    [InlineData("10.1.0.0/30", "10.1.0.1", "10.1.0.2", "10.1.0.1", 2)]
    [InlineData("10.0.0.0/8", "10.0.0.1", "10.255.255.254", "10.0.0.1", AddressRange.MostAddresses)]
    [InlineData("0.0.0.0/0", "0.0.0.1", "255.255.255.254", "0.0.0.1", AddressRange.MostAddresses)]
    [InlineData("fd00::/126", "fd00::1", "fd00::3", "fd00::1", 3)]
    [InlineData("fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff", "fd00::1", AddressRange.MostAddresses)]
    [InlineData("::/0", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1", AddressRange.MostAddresses)]
    public void What_is_not_said_is_as_host_local_has_it(string subnet, string first, string last, string gateway, int count)
    {
        var range = AddressRange.Create(Cidr.Parse(subnet));

        Assert.Equal((first, last, gateway), (range.First.ToString(), range.Last.ToString(), range.Gateway.ToString()));
        Assert.Equal(count, range.Count);
        Assert.Equal($"{first}-{last}", range.ToString());
        Assert.Equal(Cidr.Parse(subnet), range.Subnet);
    }

    [Theory]
    [InlineData("10.1.0.0/24", "10.1.0.1", "10.1.0.254", 254)]
    [InlineData("10.1.0.0/24", "10.1.0.7", "10.1.0.7", 1)]
    [InlineData("10.0.0.0/11", "10.0.0.1", "10.16.0.0", AddressRange.MostAddresses)]
    [InlineData("10.0.0.0/11", "10.0.0.1", "10.15.255.255", AddressRange.MostAddresses - 1)]
    [InlineData("10.0.0.0/11", "10.0.0.1", "10.16.0.1", AddressRange.MostAddresses)]
    [InlineData("fd00::/64", "fd00::", "fd00::ff", 256)]
    [InlineData("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", AddressRange.MostAddresses)]
    public void What_is_said_is_kept_and_both_ends_count(string subnet, string first, string last, int count)
    {
        var range = Create(subnet, first, last, null);

        Assert.Equal((first, last), (range.First.ToString(), range.Last.ToString()));
        Assert.Equal(count, range.Count);
        Assert.Equal(count, PoolName.Count(range.First, range.Last));
    }

    [Theory]
    [InlineData("10.1.0.1/24", null, null, null, "subnet 10.1.0.1/24 has host bits set; write 10.1.0.0/24")]
    [InlineData("fd00::1/64", null, null, null, "subnet fd00::1/64 has host bits set; write fd00::/64")]
    [InlineData("10.1.0.0/31", null, null, null, "subnet 10.1.0.0/31 is too small to lease from")]
    [InlineData("10.1.0.0/32", null, null, null, "subnet 10.1.0.0/32 is too small to lease from")]
    [InlineData("fd00::/127", null, null, null, "subnet fd00::/127 is too small to lease from")]
    [InlineData("10.1.0.0/24", "10.2.0.1", null, null, "rangeStart 10.2.0.1 does not lie in subnet 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", "fd00::1", null, null, "rangeStart fd00::1 does not lie in subnet 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", null, "10.1.1.0", null, "rangeEnd 10.1.1.0 does not lie in subnet 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", "10.1.0.9", "10.1.0.8", null, "rangeStart 10.1.0.9 lies behind rangeEnd 10.1.0.8")]
    [InlineData("10.1.0.0/24", "10.1.0.255", null, null, "rangeStart 10.1.0.255 lies behind rangeEnd 10.1.0.254")]
    [InlineData("10.1.0.0/24", null, null, "fd00::1", "gateway fd00::1 does not lie in subnet 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", null, null, "10.1.1.1", "gateway 10.1.1.1 does not lie in subnet 10.1.0.0/24")]
    [InlineData("fd00::/64", null, null, "fd01::1", "gateway fd01::1 does not lie in subnet fd00::/64")]
    [InlineData("10.1.0.0/24", "10.1.0.0", null, null, "rangeStart 10.1.0.0 is the network address of subnet 10.1.0.0/24")]
    [InlineData("10.1.0.0/24", null, "10.1.0.255", null, "rangeEnd 10.1.0.255 is the broadcast address of subnet 10.1.0.0/24")]
    public void What_cannot_be_leased_from_is_refused_in_the_operators_words(
        string subnet, string? first, string? last, string? gateway, string message)
    {
        var refused = Assert.Throws<RangeException>(() => Create(subnet, first, last, gateway));

        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void A_gateway_outside_the_range_takes_no_address_away() =>
        Assert.True(Create("10.1.0.0/24", "10.1.0.10", null, "10.1.0.1").Contains(IpAddress.Parse("10.1.0.10")));

    [Theory]
    [InlineData("10.1.0.9", false)]
    [InlineData("10.1.0.10", true)]
    [InlineData("10.1.0.12", false)]
    [InlineData("10.1.0.20", true)]
    [InlineData("10.1.0.21", false)]
    [InlineData("::a01:a", false)]
    public void A_range_holds_what_lies_between_its_ends_but_not_the_gateway(string address, bool held) =>
        Assert.Equal(held, Create("10.1.0.0/24", "10.1.0.10", "10.1.0.20", "10.1.0.12").Contains(IpAddress.Parse(address)));

    [Fact]
    public void A_file_name_of_a_map_leads_back_to_its_range()
    {
        foreach (var subnet in (string[])["10.1.0.0/24", "fd00::/64", "::/0", "fd00::/126"])
        {
            var range = AddressRange.Create(Cidr.Parse(subnet));

            Assert.True(PoolName.TryParse(range.ToString(), out var first, out var last));
            Assert.Equal((range.First, range.Last), (first, last));
            Assert.Equal(range.Count, PoolName.Count(first, last));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("10.1.0.1")]
    [InlineData("10.1.0.1-")]
    [InlineData("-10.1.0.1")]
    [InlineData("10.1.0.2-10.1.0.1")]
    [InlineData("10.1.0.1-fd00::1")]
    [InlineData("10.1.0.1-10.1.0.2-10.1.0.3")]
    public void Any_other_file_name_is_no_map(string name) => Assert.False(PoolName.TryParse(name, out _, out _));

    internal static AddressRange Create(string subnet, string? first = null, string? last = null, string? gateway = null) =>
        AddressRange.Create(Cidr.Parse(subnet), Parse(first), Parse(last), Parse(gateway));

    private static IpAddress? Parse(string? text) => text is null ? null : IpAddress.Parse(text);
}
