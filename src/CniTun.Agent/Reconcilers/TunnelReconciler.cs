using System.Globalization;
using CniTun.Agent.Desired;
using CniTun.Agent.Logging;
using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Uapi;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>Keeps the tunnel process configured: asks what it has, and sends only what differs.</summary>
internal sealed class TunnelReconciler(string socketPath, ILogger logger)
{
    private readonly UapiClient client = new(socketPath);

    /// <summary>Asks what the tunnel is and knows.</summary>
    /// <returns>Null if it is not there.</returns>
    /// <exception cref="UapiException">It does not answer as it should.</exception>
    public async Task<DeviceState?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync(cancellationToken);
        }
        catch (UapiException absent) when (absent.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            return null;
        }
    }

    /// <param name="current">As it was read.</param>
    /// <param name="desired">As it should be.</param>
    /// <param name="cancellationToken">Ends the wait for an answer.</param>
    /// <exception cref="OperatorException">The tunnel is not there.</exception>
    /// <exception cref="UapiException">It refused.</exception>
    public async Task ReconcileAsync(DeviceState? current, DesiredTunnel desired, CancellationToken cancellationToken)
    {
        if (current is null)
        {
            throw new OperatorException($"no tunnel answers on {socketPath}");
        }

        if (TunnelDifference.Compute(current, desired) is { } update)
        {
            await client.SetAsync(update, cancellationToken);
            logger.TunnelChanged(Describe(current, update));
        }
    }

    private static string Describe(DeviceState current, DeviceUpdate update)
    {
        var known = current.Peers.Select(peer => peer.PublicKey).ToHashSet();
        var removed = update.Peers.Count(peer => peer.Remove);
        var changed = update.Peers.Count(peer => !peer.Remove && known.Contains(peer.PublicKey));
        List<string> parts = [];
        if (update.PrivateKey is not null)
        {
            parts.Add("the private key");
        }

        if (update.ListenPort is { } port)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"port {port}"));
        }

        AddCount(parts, update.Peers.Count - removed - changed, "new");
        AddCount(parts, changed, "changed");
        AddCount(parts, removed, "removed");
        return string.Join(", ", parts);
    }

    private static void AddCount(List<string> parts, int count, string kind)
    {
        if (count > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {kind} {(count == 1 ? "peer" : "peers")}"));
        }
    }
}
