using System.Globalization;

namespace CniTun.Ctl;

/// <summary>A number of bytes for people: "812 B", "1.5 MiB".</summary>
internal static class ByteCount
{
    private static readonly string[] Units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    public static string Format(long bytes)
    {
        if (bytes < 1024)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        }

        var unit = 0;
        var value = bytes / 1024.0;

        // Not 1024, lest rounding shows "1024.0 KiB".
        while (value >= 1023.95 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:F1} {Units[unit]}");
    }
}
