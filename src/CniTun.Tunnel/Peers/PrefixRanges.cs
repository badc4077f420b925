using System.Numerics;

namespace CniTun.Tunnel.Peers;

/// <summary>
/// Longest-prefix match for one address family: the address space cut into ranges, each of which has one owner or none.
/// </summary>
/// <remarks>
/// Two prefixes are disjoint or one lies inside the other, so n prefixes cut the space into at most 2n + 1 ranges, whatever
/// they are: memory cannot be blown up from outside.
/// <code>
/// 10.0.0.0/8 -> a, 10.1.0.0/16 -> b:   0.0.0.0 none | 10.0.0.0 a | 10.1.0.0 b | 10.2.0.0 a | 11.0.0.0 none
/// </code>
/// Never changes once made.
/// </remarks>
/// <typeparam name="TAddress">The address as a number in host order: uint for IPv4, UInt128 for IPv6.</typeparam>
internal sealed class PrefixRanges<TAddress>
    where TAddress : struct, IBinaryInteger<TAddress>, IMinMaxValue<TAddress>
{
    private readonly SortedNumbers<TAddress> starts;
    private readonly Peer?[] owners;

    /// <param name="prefixes">In any order; no two alike.</param>
    public PrefixRanges(IEnumerable<Entry> prefixes)
    {
        var cuts = new Cuts();
        var open = new Stack<Entry>();

        // Outer prefixes before the ones inside them: by first address, and the longest range first.
        foreach (var prefix in prefixes.OrderBy(prefix => prefix.First).ThenByDescending(prefix => prefix.Last))
        {
            CloseBefore(prefix.First);
            cuts.Add(prefix.First, prefix.Owner);
            open.Push(prefix);
        }

        CloseBefore(null);
        starts = new(cuts.Starts);
        owners = [.. cuts.Owners];

        // Behind the end of a prefix the one around it goes on; behind the last address nothing does.
        void CloseBefore(TAddress? first)
        {
            while (open.TryPeek(out var inner) && (first is null || inner.Last < first.Value))
            {
                open.Pop();
                if (inner.Last != TAddress.MaxValue)
                {
                    cuts.Add(inner.Last + TAddress.One, open.TryPeek(out var outer) ? outer.Owner : null);
                }
            }
        }
    }

    /// <summary>Gets how many ranges there are.</summary>
    public int Count => owners.Length;

    /// <summary>Finds the owner of the longest prefix that holds the address, or null.</summary>
    public Peer? Find(TAddress address) => owners[starts.LastAtMost(address)];

    /// <summary>A prefix as the numbers of its first and last address.</summary>
    public readonly record struct Entry(TAddress First, TAddress Last, Peer Owner);

    /// <summary>The ranges while they are being cut, from the lowest address upwards.</summary>
    private sealed class Cuts
    {
        public List<TAddress> Starts { get; } = [TAddress.Zero];

        public List<Peer?> Owners { get; } = [null];

        public void Add(TAddress start, Peer? owner)
        {
            // The same start again: of two prefixes that begin together the inner comes last, and likewise of two that end.
            if (Starts[^1] == start)
            {
                Owners[^1] = owner;
                return;
            }

            Starts.Add(start);
            Owners.Add(owner);
        }
    }
}
