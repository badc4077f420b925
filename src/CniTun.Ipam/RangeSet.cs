using CniTun.Addresses;

namespace CniTun.Ipam;

/// <summary>Ranges of one family that stand in for each other: an attachment gets one address from one of them.</summary>
public sealed class RangeSet
{
    private RangeSet(IReadOnlyList<AddressRange> ranges) => Ranges = ranges;

    public IReadOnlyList<AddressRange> Ranges { get; }

    public bool IsIPv6 => Ranges[0].Subnet.Address.IsIPv6;

    /// <exception cref="RangeException">No range, two families, or two ranges that share addresses.</exception>
    public static RangeSet Create(IReadOnlyList<AddressRange> ranges)
    {
        if (ranges.Count == 0)
        {
            throw new RangeException("a range set is empty");
        }

        for (var i = 0; i < ranges.Count; i++)
        {
            if (ranges[i].Subnet.Address.IsIPv6 != ranges[0].Subnet.Address.IsIPv6)
            {
                throw new RangeException("a range set mixes IPv4 and IPv6; give each family a set of its own");
            }

            for (var j = 0; j < i; j++)
            {
                if (ranges[i].Overlaps(ranges[j]))
                {
                    throw new RangeException($"ranges {ranges[j]} and {ranges[i]} overlap");
                }
            }
        }

        return new RangeSet(ranges);
    }

    /// <summary>Gets the range that the address may be leased from, or null.</summary>
    public AddressRange? Find(IpAddress address) => Ranges.FirstOrDefault(range => range.Contains(address));

    public override string ToString() => string.Join(", ", Ranges);
}
