using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint;

/// <summary>The result that the runtime hands back, or that plugins before us in a chain handed on.</summary>
internal static class PreviousResult
{
    /// <summary>Puts what we made behind what was there before us.</summary>
    public static CniResult Extend(CniResult? before, CniResult ours)
    {
        if (before is null)
        {
            return ours;
        }

        var offset = before.Interfaces.Count;
        return new CniResult
        {
            Interfaces = [.. before.Interfaces, .. ours.Interfaces],
            Ips = [.. before.Ips, .. ours.Ips.Select(ip => new CniAddress
            {
                Interface = ip.Interface + offset,
                Address = ip.Address,
                Gateway = ip.Gateway,
            })],
            Routes = [.. before.Routes, .. ours.Routes],
            Dns = ours.Dns ?? before.Dns,
        };
    }

    /// <summary>Gets the container's interface of that name; null if the result does not name it.</summary>
    public static CniInterface? InterfaceOf(CniResult result, string name) => result.Interfaces.FirstOrDefault(link => IsContainers(link, name));

    /// <summary>Gets the addresses of the container's interface of that name; an address that names no interface counts.</summary>
    public static IEnumerable<Cidr> AddressesOf(CniResult result, string name) => result.Ips
        .Where(ip => ip.Interface is not { } index
            || (index >= 0 && index < result.Interfaces.Count && IsContainers(result.Interfaces[index], name)))
        .Select(ip => ip.Address);

    private static bool IsContainers(CniInterface link, string name) =>
        !string.IsNullOrEmpty(link.Sandbox) && string.Equals(link.Name, name, StringComparison.Ordinal);
}
