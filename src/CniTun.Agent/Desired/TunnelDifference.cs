using CniTun.Addresses;
using CniTun.Uapi;

namespace CniTun.Agent.Desired;

/// <summary>The least that turns a tunnel as it is into the tunnel that is wanted: peers that are right are not named at all.</summary>
internal static class TunnelDifference
{
    /// <returns>Null if the tunnel is right.</returns>
    public static DeviceUpdate? Compute(DeviceState current, DesiredTunnel desired)
    {
        var known = current.Peers.ToDictionary(peer => peer.PublicKey);
        var wanted = desired.Peers.Select(peer => peer.PublicKey).ToHashSet();
        var peers = new List<PeerUpdate>();
        foreach (var peer in current.Peers)
        {
            if (!wanted.Contains(peer.PublicKey))
            {
                peers.Add(new PeerUpdate { PublicKey = peer.PublicKey, Remove = true });
            }
        }

        foreach (var peer in desired.Peers)
        {
            if (!known.TryGetValue(peer.PublicKey, out var state))
            {
                peers.Add(new PeerUpdate { PublicKey = peer.PublicKey, Endpoint = peer.Endpoint, AllowedIps = peer.AllowedIps });
            }
            else if (Change(state, peer) is { } change)
            {
                peers.Add(change);
            }
        }

        var privateKey = current.PrivateKey == desired.PrivateKey ? (SecretKey?)null : desired.PrivateKey;
        var listenPort = current.ListenPort == desired.ListenPort ? (ushort?)null : desired.ListenPort;
        return privateKey is null && listenPort is null && peers.Count == 0
            ? null
            : new DeviceUpdate { PrivateKey = privateKey, ListenPort = listenPort, Peers = peers };
    }

    private static PeerUpdate? Change(PeerState current, DesiredPeer desired)
    {
        var endpoint = desired.Endpoint == current.Endpoint ? null : desired.Endpoint;
        var missing = desired.AllowedIps.Except(current.AllowedIps).ToList();
        var replace = current.AllowedIps.Except(desired.AllowedIps).Any();
        return endpoint is null && missing.Count == 0 && !replace
            ? null
            : new PeerUpdate
            {
                PublicKey = desired.PublicKey,
                Endpoint = endpoint,
                ReplaceAllowedIps = replace,
                AllowedIps = replace ? desired.AllowedIps : (IReadOnlyList<Cidr>)missing,
            };
    }
}
