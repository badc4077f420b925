using CniTun.Agent.Keys;
using CniTun.Daemon;
using CniTun.Uapi;

namespace CniTun.Agent.Tests.Keys;

public sealed class KeyTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    private string StateDir => Path.Combine(root, "state");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_public_key_follows_from_the_private_one_as_RFC_7748_has_it()
    {
        // Section 6.1: Bob's keys.
        Assert.True(SecretKey.TryParseHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", out var bob));

        var pair = KeyPair.FromPrivate(bob);

        Assert.Equal("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", pair.PublicKey.ToHex());

        // Clamped: three bits cleared below, the highest cleared and the next set above.
        Assert.Equal("58ab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e06b", pair.PrivateKey.ToHex());
    }

    [Fact]
    public void A_missing_key_is_made_once_private_from_the_start_and_kept()
    {
        var made = KeyFile.LoadOrCreate(StateDir);
        var read = KeyFile.LoadOrCreate(StateDir);

        Assert.Equal(made.PrivateKey, read.PrivateKey);
        Assert.Equal(made.PublicKey, read.PublicKey);
        Assert.Equal(Private, File.GetUnixFileMode(KeyFile.PathIn(StateDir)));
        Assert.Equal(["private.key"], Directory.GetFiles(StateDir).Select(Path.GetFileName));
    }

    [Fact]
    public void Many_at_once_agree_on_one_key()
    {
        var keys = new PublicKey[16];
        Parallel.For(0, keys.Length, i => keys[i] = KeyFile.LoadOrCreate(StateDir).PublicKey);

        Assert.Single(keys.Distinct());
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a key\n")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")]
    public void A_file_that_holds_no_key_is_refused_and_left_alone(string content)
    {
        Directory.CreateDirectory(StateDir);
        File.WriteAllText(KeyFile.PathIn(StateDir), content);

        var refusal = Assert.Throws<OperatorException>(() => KeyFile.LoadOrCreate(StateDir));

        Assert.StartsWith($"{KeyFile.PathIn(StateDir)}: does not hold a private key", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(KeyFile.PathIn(StateDir)));
    }

    [Fact]
    public void Making_a_key_leaks_no_descriptor() =>
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            if (Directory.Exists(StateDir))
            {
                Directory.Delete(StateDir, recursive: true);
            }

            KeyFile.LoadOrCreate(StateDir);
        });
}
