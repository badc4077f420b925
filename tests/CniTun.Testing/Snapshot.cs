using System.Runtime.CompilerServices;
using System.Text;
using Snapshooter;
using Snapshooter.Xunit;

namespace CniTun.Testing;

/// <summary>
/// Holds a text against the one that was approved and lies beside the test in <c>__snapshots__</c>: for whatever another program reads.
/// </summary>
/// <remarks>
/// The only place that names the snapshot library. A missing snapshot is written on a developer's machine and fails
/// where <c>SNAPSHOOTER_STRICT_MODE</c> is <c>true</c>, which hack/test.sh says if <c>CI</c> is set.
/// </remarks>
public static class Snapshot
{
    /// <summary>Fails unless <paramref name="actual"/> is the approved text.</summary>
    /// <param name="actual">The text as another program would see it.</param>
    /// <param name="name">What tells two snapshots of one test apart; null for the only one.</param>
    /// <param name="test">Filled in by the compiler.</param>
    /// <param name="file">Filled in by the compiler.</param>
    public static void Match(
        string actual,
        string? name = null,
        [CallerMemberName] string test = "",
        [CallerFilePath] string file = "")
    {
        var type = Path.GetFileNameWithoutExtension(file);
        var fileName = name is null ? $"{type}.{test}.snap" : $"{type}.{test}_{name}.snap";
        var full = new SnapshotFullName(fileName, Path.GetDirectoryName(file)!);
        Snapshooter.Xunit.Snapshot.Match(actual, full);
    }

    /// <summary>Writes bytes as a hexadecimal dump of 16 a line, so that a difference shows where it is.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (var line = 0; line < bytes.Length; line += 16)
        {
            text.Append(Convert.ToHexStringLower(BitConverter.GetBytes((ushort)line).Reverse().ToArray())).Append(' ');
            foreach (var value in bytes[line..Math.Min(line + 16, bytes.Length)])
            {
                text.Append(' ').Append(Convert.ToHexStringLower([value]));
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
