using CniTun.Addresses;
using CniTun.Uapi;

namespace CniTun.Agent.Desired;

/// <summary>What the tunnel knows of the paths to its peers at one moment, by probes or by a send that was refused.</summary>
internal sealed class MeasuredPaths
{
    private readonly Dictionary<(PublicKey Key, IpEndpoint Endpoint), MeasuredPath> paths = [];

    private MeasuredPaths()
    {
    }

    /// <summary>Gets what is known without a tunnel.</summary>
    public static MeasuredPaths None { get; } = new();

    /// <param name="tunnel">As it is; null if it does not answer.</param>
    public static MeasuredPaths From(DeviceState? tunnel)
    {
        var measured = new MeasuredPaths();
        foreach (var peer in tunnel?.Peers ?? [])
        {
            if (peer is { Endpoint: { } endpoint, PathMtuBytes: > 0 and var mtu })
            {
                measured.paths[(peer.PublicKey, endpoint)] = new MeasuredPath(mtu, peer.PathState == "complete");
            }
        }

        return measured;
    }

    /// <returns>Null if nothing is known of the path to that endpoint.</returns>
    public MeasuredPath? Find(PublicKey key, IpEndpoint endpoint) =>
        paths.TryGetValue((key, endpoint), out var path) ? path : null;
}

/// <param name="MtuBytes">What an outer packet may have, at this moment.</param>
/// <param name="IsComplete">Whether probes have shown it; else a search is under way, or the peer answers none.</param>
internal readonly record struct MeasuredPath(int MtuBytes, bool IsComplete);
