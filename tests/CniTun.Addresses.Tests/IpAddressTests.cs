using CniTun.Addresses;
using CsCheck;

namespace CniTun.Addresses.Tests;

public sealed class IpAddressTests
{
    private static readonly Gen<IpAddress> Any = Gen.OneOf(
        Gen.UInt.Select(IpAddress.FromIPv4),
        Gen.Select(Gen.ULong, Gen.ULong, (high, low) => IpAddress.FromIPv6(new UInt128(high, low))));

    [Fact]
    public void Text_and_bytes_both_lead_back_to_the_address() => Any.Sample(address =>
    {
        var bytes = new byte[address.ByteCount];
        address.Write(bytes);
        Assert.Equal(address, IpAddress.Parse(address.ToString()));
        Assert.Equal(address, IpAddress.FromBytes(bytes));
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.1")]
    [InlineData("10.0.0.1 ")]
    [InlineData("010.0.0.1")]
    [InlineData("0xa.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1/24")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[fd00::1]")]
    [InlineData("fd00:::1")]
    public void Text_that_two_programs_could_read_differently_is_refused(string? text) =>
        Assert.False(IpAddress.TryParse(text, out _));

    [Fact]
    public void The_families_never_compare_equal() =>
        Assert.NotEqual(IpAddress.FromIPv4(1), IpAddress.FromIPv6(1));

    [Fact]
    public void Adding_past_the_end_of_IPv4_overflows() =>
        Assert.Throws<OverflowException>(() => IpAddress.Parse("255.255.255.255").Add(1));
}
