using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CniTun.Linux;
using CniTun.Uapi;
using Org.BouncyCastle.Math.EC.Rfc7748;

namespace CniTun.Agent.Keys;

/// <summary>A node's identity: an X25519 private key (RFC 7748), and the public key that follows from it.</summary>
/// <remarks>
/// BouncyCastle multiplies, since .NET has no X25519. The kernel gives the random bytes: the framework's generator opens OpenSSL at run
/// time, which a static binary does without.
/// </remarks>
public sealed partial record KeyPair
{
    private const int KeyBytes = 32;

    private KeyPair(SecretKey privateKey, PublicKey publicKey)
    {
        PrivateKey = privateKey;
        PublicKey = publicKey;
    }

    /// <summary>Gets the private key, clamped.</summary>
    public SecretKey PrivateKey { get; }

    public PublicKey PublicKey { get; }

    /// <exception cref="LinuxException">ENOSYS: a kernel before 3.17.</exception>
    public static unsafe KeyPair Generate()
    {
        var bytes = stackalloc byte[KeyBytes];
        if (getrandom(bytes, KeyBytes, flags: 0) != KeyBytes)
        {
            throw new LinuxException("getrandom", "32 bytes", Marshal.GetLastPInvokeError());
        }

        var random = new Span<byte>(bytes, KeyBytes);
        try
        {
            return FromPrivate(new SecretKey(random));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(random);
        }
    }

    /// <summary>Clamps a private key (RFC 7748, section 5), as the tunnel would, and derives the public key.</summary>
    public static KeyPair FromPrivate(SecretKey key)
    {
        var scalar = new byte[KeyBytes];
        key.Write(scalar);
        scalar[0] &= 0b1111_1000;
        scalar[31] &= 0b0111_1111;
        scalar[31] |= 0b0100_0000;

        var point = new byte[KeyBytes];
        X25519.ScalarMultBase(scalar, 0, point, 0);
        var pair = new KeyPair(new SecretKey(scalar), new PublicKey(point));
        CryptographicOperations.ZeroMemory(scalar);
        return pair;
    }

    /// <summary>Fills the buffer with random bytes; up to 256 bytes come whole once the kernel is seeded (getrandom(2)).</summary>
    /// <returns>Bytes filled, or -1.</returns>
    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint getrandom(byte* buffer, nuint length, uint flags);
}
