using System.Text;

namespace CniTun.Ipam;

/// <summary>What addresses are leased to: one interface of one container.</summary>
/// <param name="ContainerId">Letters, digits, '_', '.', '-'.</param>
/// <param name="InterfaceName">At most 15 bytes, without '/' and ':'.</param>
public readonly record struct Attachment(string ContainerId, string InterfaceName)
{
    /// <summary>NAME_MAX of every Linux file system.</summary>
    private const int LongestFileNameBytes = 255;

    /// <summary>Gets a name for a file; neither part can hold a colon, so it leads back to both.</summary>
    internal string FileName => $"{ContainerId}:{InterfaceName}";

    /// <summary>Gets a value indicating whether a file can have that name.</summary>
    internal bool FitsFileName => Encoding.UTF8.GetByteCount(FileName) <= LongestFileNameBytes;

    public override string ToString() => $"{ContainerId}/{InterfaceName}";

    internal static Attachment? FromFileName(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon < name.Length - 1 ? new Attachment(name[..colon], name[(colon + 1)..]) : null;
    }
}
