using CniTun.Cni;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Configuration;

/// <summary>The VLANs that a container's port of the bridge carries: the keys <c>vlan</c>, <c>vlanTrunk</c> and <c>preserveDefaultVlan</c>.</summary>
internal sealed class PortVlans
{
    private const int LargestId = 4094;

    /// <summary>Gets the VLAN of untagged frames; 0 for none of its own.</summary>
    public ushort Access { get; private init; }

    /// <summary>Gets the VLANs that are carried with their tags, from one to another.</summary>
    public IReadOnlyList<(ushort First, ushort Last)> Tagged { get; private init; } = [];

    /// <summary>Gets a value indicating whether the port stays in what the bridge put it into when it joined, too.</summary>
    public bool KeepsDefault { get; private init; }

    /// <summary>Lists them one by one. The VLAN of untagged frames stays that, should a stretch of the tagged ones hold it.</summary>
    public IEnumerable<PortVlan> List()
    {
        foreach (var (first, last) in Tagged)
        {
            for (int id = first; id <= last; id++)
            {
                if (id != Access)
                {
                    yield return new PortVlan((ushort)id, IsAccess: false, IsUntagged: false);
                }
            }
        }

        if (Access > 0)
        {
            yield return new PortVlan(Access, IsAccess: true, IsUntagged: true);
        }
    }

    /// <summary>Gets the VLAN of untagged frames alone: that of the containers' gateway.</summary>
    public PortVlans WithoutTagged() => new() { Access = Access, KeepsDefault = KeepsDefault };

    /// <returns>Null if the configuration names no VLAN.</returns>
    /// <exception cref="CniException">Code 7: an id out of range, or a stretch that is none.</exception>
    public static PortVlans? Read(NetworkConfiguration configuration)
    {
        if (configuration is { Vlan: null or 0, VlanTrunk: null or { Count: 0 } })
        {
            return null;
        }

        if (configuration.Vlan is < 0 or > LargestId)
        {
            throw Invalid($"vlan {configuration.Vlan} is out of range");
        }

        return new PortVlans
        {
            Access = (ushort)(configuration.Vlan ?? 0),
            Tagged = [.. (configuration.VlanTrunk ?? []).SelectMany(ReadTrunk)],
            KeepsDefault = configuration.PreserveDefaultVlan,
        };
    }

    /// <summary>An entry may name one VLAN, a stretch, or both.</summary>
    private static IEnumerable<(ushort First, ushort Last)> ReadTrunk(VlanRange range)
    {
        if ((range.MinimumId is null) != (range.MaximumId is null) || (range.Id is null && range.MinimumId is null))
        {
            throw Invalid("an entry of vlanTrunk has neither id nor both of minID and maxID");
        }

        if (range.Id is { } id)
        {
            yield return (Checked(id), Checked(id));
        }

        if (range is { MinimumId: { } first, MaximumId: { } last })
        {
            yield return first <= last ? (Checked(first), Checked(last)) : throw Invalid($"vlanTrunk: minID {first} is greater than maxID {last}");
        }
    }

    private static ushort Checked(int id) => id is > 0 and <= LargestId ? (ushort)id : throw Invalid($"vlanTrunk: id {id} is out of range");

    private static CniException Invalid(string message) =>
        new(CniErrorCode.InvalidNetworkConfig, message, $"VLANs are numbered 1 to {LargestId}");
}
