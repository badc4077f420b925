namespace CniTun.Cni;

/// <summary>A version of the CNI specification that we speak, oldest first, so that they compare.</summary>
public enum CniVersion
{
    V0_3_0,
    V0_3_1,
    V0_4_0,
    V1_0_0,
    V1_1_0,
}

/// <summary>The text forms of <see cref="CniVersion"/>.</summary>
public static class CniVersions
{
    /// <summary>What an error says when no version could be read from the configuration.</summary>
    public const CniVersion Newest = CniVersion.V1_1_0;

    private static readonly string[] Texts = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>Gets all versions, oldest first.</summary>
    public static IReadOnlyList<string> Supported => Texts;

    public static string Text(this CniVersion version) => Texts[(int)version];

    public static bool TryParse(string? text, out CniVersion version)
    {
        var index = Array.IndexOf(Texts, text);
        version = index < 0 ? Newest : (CniVersion)index;
        return index >= 0;
    }
}
