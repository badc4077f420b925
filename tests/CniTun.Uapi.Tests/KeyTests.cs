using System.Security.Cryptography;

namespace CniTun.Uapi.Tests;

public sealed class KeyTests
{
    [Fact]
    public void A_key_keeps_its_bytes_in_both_text_forms()
    {
        var bytes = RandomNumberGenerator.GetBytes(32);
        var key = new PublicKey(bytes);
        Assert.Equal(Convert.ToHexStringLower(bytes), key.ToHex());
        Assert.Equal(Convert.ToBase64String(bytes), key.ToString());
        Assert.True(PublicKey.TryParseHex(key.ToHex().ToUpperInvariant(), out var fromHex));
        Assert.True(PublicKey.TryParseBase64(key.ToBase64(), out var fromBase64));
        Assert.Equal(key, fromHex);
        Assert.Equal(key, fromBase64);
        Assert.Equal(key.GetHashCode(), fromHex.GetHashCode());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Text_of_the_wrong_length_is_no_key(string? text)
    {
        Assert.False(PublicKey.TryParseHex(text, out _));
        Assert.False(PublicKey.TryParseBase64(text, out _));
        Assert.False(SecretKey.TryParseHex(text, out _));
        Assert.False(SecretKey.TryParseBase64(text, out _));
    }

    [Fact]
    public void A_secret_does_not_show_in_a_log_line()
    {
        var key = new SecretKey(RandomNumberGenerator.GetBytes(32));
        Assert.DoesNotContain(key.ToHex(), $"{new DeviceState { PrivateKey = key }}", StringComparison.OrdinalIgnoreCase);
        Assert.Contains("(secret)", $"{new DeviceState { PrivateKey = key }}", StringComparison.Ordinal);
    }
}
