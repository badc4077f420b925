namespace CniTun.Addresses.Tests;

public sealed class MacAddressTests
{
    [Theory]
    [InlineData("02:00:5e:10:00:Ff")]
    [InlineData("02-00-5E-10-00-fF")]
    [InlineData("0200.5e10.00ff")]
    public void Every_form_of_six_bytes_that_Go_reads_is_read(string text)
    {
        Assert.True(MacAddress.TryParse(text, out var mac));
        Assert.Equal("02:00:5e:10:00:ff", mac.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("02:00:5e:10:00")]
    [InlineData("02:00-5e:10:00:ff")]
    [InlineData("02.00.5e.10.00.ff")]
    [InlineData("0200:5e10:00ff")]
    [InlineData("0200.5e10-00ff")]
    [InlineData("02005e1000ff")]
    [InlineData("2:0:5e:10:0:ff")]
    [InlineData("02:00:5e:10:00:fg")]
    [InlineData("02:00:5e:10:00:+f")]
    [InlineData("02:00:5e:10:00: f")]
    [InlineData("02:00:5e:10:00:ff:00:00")]
    [InlineData("                 ")]
    public void Anything_else_is_none(string? text) => Assert.False(MacAddress.TryParse(text, out _));
}
