using System.Text;

namespace CniTun.Addresses;

/// <summary>What a network interface may be called.</summary>
public static class InterfaceName
{
    /// <summary>IFNAMSIZ without its NUL.</summary>
    public const int LongestBytes = 15;

    /// <summary>Tells whether an interface of that name can be there (dev_valid_name in net/core/dev.c, whose white space has the byte 0xa0 too).</summary>
    public static bool IsValid(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return bytes.Length is > 0 and <= LongestBytes
            && name is not ("." or "..")
            && Array.TrueForAll(bytes, letter => letter is not ((byte)'/' or (byte)':' or (byte)' ' or 0 or 0xa0 or (>= (byte)'\t' and <= (byte)'\r')));
    }

    /// <summary>
    /// Tells whether an interface of that name can be made: the kernel puts a number in place of %d, and has "all" and "default" for settings of
    /// all interfaces. Control characters it takes, and nobody who looks at the host should meet them.
    /// </summary>
    public static bool IsValidForNew(string name) =>
        IsValid(name) && name is not ("all" or "default") && !name.Any(letter => letter == '%' || char.IsControl(letter));
}
