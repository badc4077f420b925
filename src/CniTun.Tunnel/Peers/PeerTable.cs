using CniTun.Addresses;

namespace CniTun.Tunnel.Peers;

/// <summary>All peers, and the ways to find one. Never changes once made, so that packet threads read it without a lock.</summary>
public sealed class PeerTable
{
    private readonly PrefixRanges<uint> ranges4;
    private readonly PrefixRanges<UInt128> ranges6;

    // The only peer at an address, or null where several are: only those need their ports told apart.
    private readonly Dictionary<IpAddress, Peer?> byAddress = [];
    private readonly Dictionary<IpEndpoint, Peer> bySharedEndpoint = [];

    /// <param name="peers">In the order in which they were configured; no two have a key or an allowed IP in common.</param>
    public PeerTable(IReadOnlyList<Peer> peers)
    {
        Peers = peers;
        var owned = peers.SelectMany(peer => peer.AllowedIps, (peer, prefix) => (Prefix: prefix, Owner: peer)).ToList();
        ranges4 = new(owned.Where(item => !item.Prefix.Address.IsIPv6)
            .Select(item => new PrefixRanges<uint>.Entry((uint)item.Prefix.First.Value, (uint)item.Prefix.Last.Value, item.Owner)));
        ranges6 = new(owned.Where(item => item.Prefix.Address.IsIPv6)
            .Select(item => new PrefixRanges<UInt128>.Entry(item.Prefix.First.Value, item.Prefix.Last.Value, item.Owner)));
        foreach (var peer in peers)
        {
            if (peer.Endpoint is not { } endpoint || byAddress.TryAdd(endpoint.Address, peer))
            {
                continue;
            }

            if (byAddress[endpoint.Address] is { Endpoint: { } firstEndpoint } first)
            {
                byAddress[endpoint.Address] = null;
                bySharedEndpoint[firstEndpoint] = first;
            }

            bySharedEndpoint[endpoint] = peer;
        }
    }

    public static PeerTable Empty { get; } = new([]);

    public IReadOnlyList<Peer> Peers { get; }

    /// <summary>Finds whose allowed IPs hold an inner address, by longest prefix.</summary>
    public Peer? FindByAddress(IpAddress address) =>
        address.IsIPv6 ? ranges6.Find(address.Value) : ranges4.Find((uint)address.Value);

    /// <summary>Finds who sends from an outer address and port.</summary>
    /// <remarks>
    /// The kernel's FOU and GUE send from a port that varies by flow: so the address alone will do where only one peer
    /// has it. Of two peers with the same address and port the one that was configured later is meant.
    /// </remarks>
    public Peer? FindBySource(in IpEndpoint source) =>
        !byAddress.TryGetValue(source.Address, out var only) ? null
        : only ?? bySharedEndpoint.GetValueOrDefault(source);
}

/// <summary>The one place from which packet threads take the table of the moment.</summary>
public sealed class CurrentPeers
{
    private PeerTable table = PeerTable.Empty;

    /// <summary>Gets the table; a packet is decided upon by one table from beginning to end.</summary>
    public PeerTable Table => Volatile.Read(ref table);

    /// <summary>Puts a new table in force for every packet from now on.</summary>
    public void Replace(PeerTable next) => Volatile.Write(ref table, next);
}
