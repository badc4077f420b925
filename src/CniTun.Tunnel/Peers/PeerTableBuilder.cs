using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Uapi;

namespace CniTun.Tunnel.Peers;

/// <summary>Turns one table into the next by the changes that a request asks for, as WireGuard would. Used by one thread, once.</summary>
public sealed class PeerTableBuilder
{
    /// <summary>The most peers, and the most allowed IPs of all peers together: an answer that lists them still fits its limit.</summary>
    public const int MaxPeers = 8192;
    public const int MaxAllowedIps = 32768;

    private readonly OrderedDictionary<PublicKey, Draft> drafts = [];
    private readonly Dictionary<PublicKey, Peer> known;
    private readonly Dictionary<Cidr, Draft> owners = [];

    public PeerTableBuilder(PeerTable current)
    {
        known = current.Peers.ToDictionary(peer => peer.Key);
        foreach (var peer in current.Peers)
        {
            var draft = new Draft(peer.Traffic) { Endpoint = peer.Endpoint };
            drafts.Add(peer.Key, draft);
            foreach (var prefix in peer.AllowedIps)
            {
                Assign(prefix, draft);
            }
        }
    }

    /// <summary>Forgets every peer; one that is named again keeps its byte counts, and at the same endpoint what is known of its path.</summary>
    public void Clear()
    {
        drafts.Clear();
        owners.Clear();
    }

    /// <summary>Makes one change.</summary>
    /// <returns>
    /// 0, or the errno to answer. EOPNOTSUPP: a preshared key or a keepalive, of which plain mode has neither; to take
    /// either and do nothing would leave the operator believing in it. ENOSPC: over <see cref="MaxPeers"/> or
    /// <see cref="MaxAllowedIps"/>.
    /// </returns>
    public int Apply(PeerUpdate update)
    {
        if (update.PresharedKey is { IsZero: false } || update.PersistentKeepaliveSeconds is > 0)
        {
            return Errno.EOPNOTSUPP;
        }

        var isKnown = drafts.TryGetValue(update.PublicKey, out var draft);
        if (update.Remove)
        {
            Remove(update.PublicKey, draft);
            return 0;
        }

        if (!isKnown && update.UpdateOnly)
        {
            return 0;
        }

        if (draft is null)
        {
            draft = new Draft(known.GetValueOrDefault(update.PublicKey)?.Traffic ?? new PeerTraffic());
            drafts.Add(update.PublicKey, draft);
        }

        Change(draft, update);
        return drafts.Count > MaxPeers || owners.Count > MaxAllowedIps ? Errno.ENOSPC : 0;
    }

    public PeerTable Build() => new([.. drafts.Select(item => ToPeer(item.Key, item.Value))]);

    private void Change(Draft draft, PeerUpdate update)
    {
        draft.Endpoint = update.Endpoint ?? draft.Endpoint;
        if (update.ReplaceAllowedIps)
        {
            Disown(draft);
        }

        foreach (var prefix in update.AllowedIps)
        {
            Assign(prefix, draft);
        }
    }

    private void Remove(PublicKey key, Draft? draft)
    {
        if (draft is not null)
        {
            Disown(draft);
            drafts.Remove(key);
        }
    }

    /// <summary>Gives a prefix to a peer; whoever had it has it no more.</summary>
    private void Assign(Cidr prefix, Draft draft)
    {
        if (owners.GetValueOrDefault(prefix) != draft)
        {
            owners[prefix] = draft;
            draft.Prefixes.Add(prefix);
        }
    }

    private void Disown(Draft draft)
    {
        foreach (var prefix in draft.Prefixes)
        {
            if (owners.GetValueOrDefault(prefix) == draft)
            {
                owners.Remove(prefix);
            }
        }

        draft.Prefixes.Clear();
    }

    private Peer ToPeer(PublicKey key, Draft draft)
    {
        var before = known.GetValueOrDefault(key);
        var owned = draft.Prefixes.Where(prefix => owners.GetValueOrDefault(prefix) == draft).Distinct().ToArray();
        Array.Sort(owned, static (left, right) =>
            left.Address.CompareTo(right.Address) is not 0 and var order ? order : left.PrefixLength.CompareTo(right.PrefixLength));
        return new Peer(key, draft.Endpoint, owned, draft.Traffic, before?.Endpoint == draft.Endpoint ? before?.Path : null);
    }

    /// <summary>A peer while its settings are being changed.</summary>
    private sealed class Draft(PeerTraffic traffic)
    {
        public PeerTraffic Traffic => traffic;

        public IpEndpoint? Endpoint { get; set; }

        /// <summary>Gets the prefixes that it was given; some may be another's by now.</summary>
        public List<Cidr> Prefixes { get; } = [];
    }
}
