using CniTun.Addresses;
using CsCheck;

namespace CniTun.Addresses.Tests;

public sealed class CidrTests
{
    private static readonly Gen<Cidr> Any = Gen.OneOf(
        Gen.Select(Gen.UInt, Gen.Int[0, 32], (value, length) => new Cidr(IpAddress.FromIPv4(value), length)),
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 128], (high, low, length) => new Cidr(IpAddress.FromIPv6(new UInt128(high, low)), length)));

    [Fact]
    public void A_prefix_holds_its_first_its_last_and_its_own_address() => Any.Sample(cidr =>
    {
        Assert.True(cidr.Contains(cidr.First));
        Assert.True(cidr.Contains(cidr.Last));
        Assert.True(cidr.Contains(cidr.Address));
        Assert.True(cidr.Network.IsNetwork);
        Assert.Equal(cidr, Cidr.Parse(cidr.ToString()));
    });

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.255.255", true)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.0.0.7/32", "10.0.0.7", true)]
    [InlineData("10.0.0.7/32", "10.0.0.6", false)]
    [InlineData("0.0.0.0/0", "255.255.255.255", true)]
    [InlineData("0.0.0.0/0", "::", false)]
    [InlineData("::/0", "ffff::", true)]
    [InlineData("fd00:10::/64", "fd00:10:0:1::", false)]
    public void Contains_looks_at_the_prefix_and_the_family(string cidr, string address, bool expected) =>
        Assert.Equal(expected, Cidr.Parse(cidr).Contains(IpAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("fd00::/129")]
    [InlineData("/8")]
    public void Text_that_is_no_prefix_is_refused(string text) => Assert.False(Cidr.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.1:6080")]
    [InlineData("[fd00::1]:6080")]
    public void An_endpoint_keeps_its_text_form(string text) => Assert.Equal(text, IpEndpoint.Parse(text).ToString());

    [Theory]
    [InlineData("fd00::1:6080")]
    [InlineData("[10.0.0.1]:6080")]
    [InlineData("10.0.0.1:65536")]
    [InlineData("10.0.0.1")]
    [InlineData(":6080")]
    public void An_endpoint_needs_a_port_and_IPv6_its_brackets(string text) => Assert.False(IpEndpoint.TryParse(text, out _));

    [Fact]
    public void A_mac_address_keeps_its_text_form_and_bytes() => Gen.ULong[0, (1UL << 48) - 1].Sample(value =>
    {
        var mac = new MacAddress(value);
        var bytes = new byte[6];
        mac.Write(bytes);
        Assert.True(MacAddress.TryParse(mac.ToString(), out var parsed));
        Assert.Equal(mac, parsed);
        Assert.Equal(mac, MacAddress.FromBytes(bytes));
    });
}
