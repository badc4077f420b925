using System.Text;

namespace CniTun.Linux.Nftables;

/// <summary>
/// A comment as <c>nft</c> keeps and shows it: the kernel holds "user data" for it and never looks inside.
/// </summary>
/// <remarks>
/// libnftnl's format (its udata.h): attributes of a byte for the type, a byte for the length, then the value. The comment has type 0 on
/// rules and on elements alike, and ends in a NUL that counts.
/// <code>
/// +--------+--------+----------------+-----+
/// | type 0 | length | UTF-8          | NUL |
/// +--------+--------+----------------+-----+
/// </code>
/// </remarks>
public static class NftComment
{
    /// <summary>How many bytes of UTF-8 a comment may have for <c>nft</c> to accept it back (128 with its NUL).</summary>
    public const int LongestBytes = 127;

    private const byte CommentType = 0;
    private const int HeaderBytes = 2;

    /// <exception cref="ArgumentException">The comment is longer than <see cref="LongestBytes"/>.</exception>
    internal static byte[] Encode(string comment)
    {
        var length = Encoding.UTF8.GetByteCount(comment);
        if (length > LongestBytes)
        {
            throw new ArgumentException($"a comment has at most {LongestBytes} bytes", nameof(comment));
        }

        var userData = new byte[HeaderBytes + length + 1];
        userData[0] = CommentType;
        userData[1] = (byte)(length + 1);
        Encoding.UTF8.GetBytes(comment, userData.AsSpan(HeaderBytes));
        return userData;
    }

    /// <summary>Finds the comment in user data, whoever wrote it; null if there is none.</summary>
    internal static string? Decode(ReadOnlySpan<byte> userData)
    {
        while (userData.Length >= HeaderBytes && userData[1] <= userData.Length - HeaderBytes)
        {
            var value = userData.Slice(HeaderBytes, userData[1]);
            if (userData[0] == CommentType)
            {
                var end = value.IndexOf((byte)0);
                return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
            }

            userData = userData[(HeaderBytes + value.Length)..];
        }

        return null;
    }
}
