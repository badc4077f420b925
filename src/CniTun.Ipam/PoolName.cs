using CniTun.Addresses;

namespace CniTun.Ipam;

/// <summary>The file names of free maps: FIRST-LAST.</summary>
internal static class PoolName
{
    public static bool TryParse(string name, out IpAddress first, out IpAddress last)
    {
        first = default;
        last = default;
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            && IpAddress.TryParse(name[..dash], out first)
            && IpAddress.TryParse(name[(dash + 1)..], out last)
            && first.IsIPv6 == last.IsIPv6
            && first <= last;
    }

    /// <summary>Gets how many addresses the map has bits for.</summary>
    public static int Count(IpAddress first, IpAddress last) =>
        (int)UInt128.Min(last.Value - first.Value, AddressRange.MostAddresses - 1) + 1;
}
