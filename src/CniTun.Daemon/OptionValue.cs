using System.Globalization;
using System.Text;

namespace CniTun.Daemon;

/// <summary>Judges values that options of both daemons have.</summary>
public static class OptionValue
{
    /// <exception cref="OperatorException">It is none.</exception>
    public static string AbsolutePath(string value) =>
        value.StartsWith('/') && !value.Contains('\0', StringComparison.Ordinal)
            ? value
            : throw new OperatorException($"'{value}' is not an absolute path");

    /// <summary>A unix socket's path has 108 bytes with its NUL (unix(7)).</summary>
    /// <exception cref="OperatorException">Relative, or longer.</exception>
    public static string SocketPath(string value) =>
        Encoding.UTF8.GetByteCount(AbsolutePath(value)) < 108 ? value : throw new OperatorException($"'{value}' has more than 107 bytes");

    /// <summary>What the kernel accepts (dev_valid_name; IFNAMSIZ is 16 with the NUL), and no pattern for it to fill in.</summary>
    /// <exception cref="OperatorException">It is none.</exception>
    public static string InterfaceName(string value) =>
        value is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(value) < 16 && !value.Any(letter => letter is '/' or ':' or '%' or '\0' || char.IsWhiteSpace(letter))
            ? value
            : throw new OperatorException($"'{value}' is not an interface name: 1 to 15 bytes without '/', ':', '%' and white space");

    /// <exception cref="OperatorException">Not a number, or out of bounds.</exception>
    public static int WholeNumber(string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new OperatorException($"{value} is not a whole number from {least} to {most}");
}
