using System.Text;
using CniTun.Agent.Files;
using CniTun.Daemon;
using CniTun.Linux.Files;
using CniTun.Uapi;

namespace CniTun.Agent.Keys;

/// <summary>
/// The node's private key on disk: one line of base64, as <c>wg genkey</c> writes, mode 0600 from its first instant, and never overwritten.
/// </summary>
public static class KeyFile
{
    private const int MaxBytes = 4096;

    /// <summary>Gets the path of the key in a state directory.</summary>
    public static string PathIn(string stateDir) => $"{stateDir}/private.key";

    /// <summary>Reads the node's key, or makes one. Safe when several processes do it at once: all get the same.</summary>
    /// <param name="stateDir">Made if missing, mode 0700.</param>
    /// <exception cref="OperatorException">The file holds no key, which only its owner can judge.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static KeyPair LoadOrCreate(string stateDir)
    {
        using var directory = DirectoryHandle.OpenOrCreate(stateDir);
        var path = PathIn(stateDir);
        if (directory.TryRead("private.key", MaxBytes) is { } existing)
        {
            return Parse(path, existing);
        }

        var pair = KeyPair.Generate();
        return DurableFile.TryCreate(path, Encoding.ASCII.GetBytes($"{pair.PrivateKey.ToBase64()}\n"))
            ? pair
            : Parse(path, directory.TryRead("private.key", MaxBytes) ?? []);
    }

    private static KeyPair Parse(string path, ReadOnlySpan<byte> content) =>
        SecretKey.TryParseBase64(Encoding.ASCII.GetString(content).TrimEnd('\n', '\r', ' '), out var key) && !key.IsZero
            ? KeyPair.FromPrivate(key)
            : throw new OperatorException(
                $"{path}: does not hold a private key (44 characters of base64): restore it, or delete it to give this node a new identity");
}
