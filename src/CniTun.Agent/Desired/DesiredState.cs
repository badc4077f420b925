using CniTun.Addresses;
using CniTun.Agent.Nodes;
using CniTun.Agent.Settings;
using CniTun.Uapi;

namespace CniTun.Agent.Desired;

/// <summary>
/// What this host should look like: a function of settings, key, nodes, underlay and paths, and of nothing else. The reconcilers make it so.
/// </summary>
internal sealed record DesiredState
{
    public required DesiredTunnel Tunnel { get; init; }

    /// <summary>Gets the MTU of the tunnel's interface and of pods.</summary>
    public required int MtuBytes { get; init; }

    /// <summary>
    /// Gets the addresses of the tunnel's interface: the network address of each own pod CIDR, which no pod gets. From them the host
    /// itself speaks to pods of other nodes, whose tunnels take only sources that lie in our pod CIDRs; so it can before any pod,
    /// and with it the bridge, is there.
    /// </summary>
    public required IReadOnlyList<Cidr> TunnelAddresses { get; init; }

    /// <summary>Gets this node's pod CIDRs.</summary>
    public required IReadOnlyList<Cidr> OwnPodCidrs { get; init; }

    /// <summary>Gets the pod CIDRs of all other nodes, which are reached through the tunnel.</summary>
    public required IReadOnlyList<Cidr> RemotePodCidrs { get; init; }

    /// <summary>Gets what the path to each of them carries, where that is known.</summary>
    public required IReadOnlyDictionary<Cidr, int> RemoteMtuBytes { get; init; }

    /// <summary>Gets the CNI config's content.</summary>
    public required string CniConfig { get; init; }

    /// <summary>Gets what an operator should hear of, though it stops nothing.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public static DesiredState Compute(AgentSettings settings, SecretKey privateKey, Membership nodes, Underlay underlay, MeasuredPaths measured)
    {
        var warnings = new List<string>();
        var peers = nodes.Remotes.Select(node => PeerFor(node, underlay, warnings)).ToList();
        var mtu = settings.MtuBytes ?? TunnelMtu.OfInterface(peers, underlay);
        if (mtu < TunnelMtu.LeastForIPv6 && nodes.Self.PodCidrs.Any(prefix => prefix.Address.IsIPv6))
        {
            warnings.Add($"an MTU of {mtu} is too small for IPv6, which needs {TunnelMtu.LeastForIPv6}");
        }

        if (nodes.Self.Endpoints.Count > 0 && nodes.Self.Endpoints.All(endpoint => endpoint.Port != settings.ListenPort))
        {
            warnings.Add($"the other nodes send to {string.Join(" or ", nodes.Self.Endpoints)}, but this node's tunnel listens on port {settings.ListenPort}");
        }

        return new DesiredState
        {
            Tunnel = new DesiredTunnel(privateKey, settings.ListenPort, peers),
            MtuBytes = mtu,
            TunnelAddresses = [.. nodes.Self.PodCidrs.Select(prefix => Cidr.ForHost(prefix.First))],
            OwnPodCidrs = nodes.Self.PodCidrs,
            RemotePodCidrs = [.. nodes.Remotes.SelectMany(node => node.PodCidrs)],
            RemoteMtuBytes = RemoteMtus(peers, underlay, measured),
            CniConfig = Desired.CniConfig.Format(settings, nodes.Self.PodCidrs, mtu),
            Warnings = warnings,
        };
    }

    private static Dictionary<Cidr, int> RemoteMtus(List<DesiredPeer> peers, Underlay underlay, MeasuredPaths measured)
    {
        var mtus = new Dictionary<Cidr, int>();
        foreach (var peer in peers)
        {
            if (TunnelMtu.OfPath(peer, underlay, measured) is { } bytes)
            {
                foreach (var prefix in peer.AllowedIps)
                {
                    mtus[prefix] = prefix.Address.IsIPv6 ? Math.Max(bytes, TunnelMtu.LeastForIPv6) : bytes;
                }
            }
        }

        return mtus;
    }

    /// <summary>Chooses the first endpoint that a route leads to.</summary>
    private static DesiredPeer PeerFor(Node node, Underlay underlay, List<string> warnings)
    {
        IpEndpoint? endpoint = null;
        foreach (var candidate in node.Endpoints)
        {
            if (underlay.PathMtuBytes.ContainsKey(candidate.Address))
            {
                endpoint = candidate;
                break;
            }
        }

        if (endpoint is null)
        {
            warnings.Add(node.Endpoints.Count == 0
                ? $"node '{node.Name}' has no endpoint: its pods cannot be reached"
                : $"no route leads to node '{node.Name}' at {string.Join(" or ", node.Endpoints)}: its pods cannot be reached");
        }

        return new DesiredPeer(node.PublicKey, endpoint, node.PodCidrs);
    }
}

/// <summary>What the tunnel should be told.</summary>
/// <param name="PrivateKey">The node's own.</param>
/// <param name="ListenPort">UDP.</param>
/// <param name="Peers">All of them.</param>
internal sealed record DesiredTunnel(SecretKey PrivateKey, ushort ListenPort, IReadOnlyList<DesiredPeer> Peers);

/// <summary>A remote node as the tunnel should know it.</summary>
/// <param name="PublicKey">Its name.</param>
/// <param name="Endpoint">Where it is reached; null if no way is known, which leaves what the tunnel has.</param>
/// <param name="AllowedIps">Its pod CIDRs: what is sent to it and what it may send from.</param>
internal sealed record DesiredPeer(PublicKey PublicKey, IpEndpoint? Endpoint, IReadOnlyList<Cidr> AllowedIps);
