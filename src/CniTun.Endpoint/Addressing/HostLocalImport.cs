using System.Text;
using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Endpoint.Addressing;

/// <summary>
/// Takes over the addresses of containers that the reference host-local plugin served before the network was handed to us, so that none is
/// given out twice.
/// </summary>
/// <remarks>
/// host-local keeps a file per address, named by it, with the container id in the first line and the interface in the second. Beside them lie its
/// lock and its notes on the last address of each range set, behind which our search goes on. The directory is only read. Done once, before the first lease; if it is cut short, the
/// next ADD does it again, and what is there already is found there.
/// </remarks>
internal static class HostLocalImport
{
    private const int LargestFileBytes = 4096;
    private const int LongestContainerId = 200;

    /// <param name="store">Where the leases go.</param>
    /// <param name="directory">Such as /var/lib/cni/networks/NAME; nothing is done if it is not there.</param>
    /// <param name="sets">Addresses outside of them are passed over.</param>
    public static void Run(LeaseStore store, string directory, IReadOnlyList<RangeSet> sets)
    {
        using var files = DirectoryHandle.TryOpen(directory);
        foreach (var name in files?.List() ?? [])
        {
            if (IpAddress.TryParse(name, out var address)
                && sets.FirstOrDefault(set => set.Find(address) is not null) is { } set
                && ReadOwner(files!, name) is { } owner)
            {
                store.Begin(owner);
                _ = store.Claim(owner, string.Empty, set, address);
            }
        }

        foreach (var name in files?.List().Where(name => name.StartsWith("last_reserved_ip.", StringComparison.Ordinal)) ?? [])
        {
            if (IpAddress.TryParse(ReadText(files!, name)?.Trim(), out var last) && sets.FirstOrDefault(set => set.Find(last) is not null) is { } set)
            {
                store.ContinueBehind(set, last);
            }
        }
    }

    /// <summary>Tells whether the two may name a file together, as those of every ADD may.</summary>
    private static bool IsOwner(string containerId, string interfaceName) =>
        containerId.Length <= LongestContainerId && CniArguments.IsIdentifier(containerId) && InterfaceName.IsValid(interfaceName);

    /// <summary>Reads whose address it is; null for what is not a lease. Files of old versions have no second line: their interface was eth0.</summary>
    private static Attachment? ReadOwner(DirectoryHandle files, string name)
    {
        var lines = ReadText(files, name)?.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        var interfaceName = lines.Length > 1 ? lines[1] : "eth0";
        return lines.Length > 0 && IsOwner(lines[0], interfaceName) ? new Attachment(lines[0], interfaceName) : null;
    }

    /// <summary>Reads a file; null for one that is gone or far too long, and for a directory or a link.</summary>
    private static string? ReadText(DirectoryHandle files, string name)
    {
        try
        {
            return files.TryRead(name, LargestFileBytes) is { Length: < LargestFileBytes } content ? Encoding.UTF8.GetString(content) : null;
        }
        catch (LinuxException noFile) when (noFile.Errno is Errno.EISDIR or Errno.ELOOP)
        {
            return null;
        }
    }
}
