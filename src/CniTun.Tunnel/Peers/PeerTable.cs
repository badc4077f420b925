using CniTun.Addresses;

namespace CniTun.Tunnel.Peers;

/// <summary>All peers, and the ways to find one. Never changes once made, so that packet threads read it without a lock.</summary>
public sealed class PeerTable
{
    private readonly PrefixRanges<uint> ranges4;
    private readonly PrefixRanges<UInt128> ranges6;
    private readonly Dictionary<IpEndpoint, Peer> byEndpoint = [];
    private readonly Dictionary<IpAddress, Peer> byOnlyAddress = [];

    /// <param name="peers">In the order in which they were configured; no two have a key or an allowed IP in common.</param>
    public PeerTable(IReadOnlyList<Peer> peers)
    {
        Peers = peers;
        var owned = peers.SelectMany(peer => peer.AllowedIps, (peer, prefix) => (Prefix: prefix, Owner: peer)).ToList();
        ranges4 = new(owned.Where(item => !item.Prefix.Address.IsIPv6)
            .Select(item => new PrefixRanges<uint>.Entry((uint)item.Prefix.First.Value, (uint)item.Prefix.Last.Value, item.Owner)));
        ranges6 = new(owned.Where(item => item.Prefix.Address.IsIPv6)
            .Select(item => new PrefixRanges<UInt128>.Entry(item.Prefix.First.Value, item.Prefix.Last.Value, item.Owner)));
        foreach (var onOneAddress in peers.Where(peer => peer.Endpoint is not null).GroupBy(peer => peer.Endpoint!.Value.Address))
        {
            foreach (var peer in onOneAddress)
            {
                byEndpoint[peer.Endpoint!.Value] = peer;
            }

            if (onOneAddress.Count() == 1)
            {
                byOnlyAddress[onOneAddress.Key] = onOneAddress.First();
            }
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
        byEndpoint.TryGetValue(source, out var exact) ? exact
        : byOnlyAddress.TryGetValue(source.Address, out var only) ? only
        : null;
}
