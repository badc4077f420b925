using System.Globalization;
using System.Text;

namespace CniTun.Uapi;

/// <summary>Walks the "key=value" lines of one message up to the empty line that ends it. Never throws.</summary>
internal ref struct UapiLines(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    /// <summary>Gets a value indicating whether the walk ended at the empty line, and not before it at something else.</summary>
    public bool EndedWell { get; private set; }

    /// <summary>Reads the next line.</summary>
    /// <returns>False at the empty line, and at whatever is no line.</returns>
    public bool Next(out string key, out string value)
    {
        key = value = string.Empty;
        var end = rest.IndexOf((byte)'\n');
        if (end == 0)
        {
            EndedWell = rest.Length == 1;
            return false;
        }

        if (end < 0 || end > UapiProtocol.MaxLineBytes)
        {
            return false;
        }

        var line = rest[..end];
        var equals = line.IndexOf((byte)'=');
        if (equals <= 0)
        {
            return false;
        }

        key = Encoding.ASCII.GetString(line[..equals]);
        value = Encoding.ASCII.GetString(line[(equals + 1)..]);
        rest = rest[(end + 1)..];
        return true;
    }

    /// <summary>Reads a number in plain decimal: no sign, no white space.</summary>
    public static bool TryParse<T>(string text, out T number)
        where T : struct, System.Numerics.IBinaryInteger<T> =>
        T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
