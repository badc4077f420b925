using CniTun.Agent.Desired;
using CniTun.Agent.Files;
using CniTun.Agent.Keys;
using CniTun.Agent.Logging;
using CniTun.Agent.Nodes;
using CniTun.Agent.Reconcilers;
using CniTun.Agent.Settings;
using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Linux.Files;
using CniTun.Linux.Netlink;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent;

/// <summary>
/// The agent at work: looks every second whether something changed, and makes the host look as it should when it did, when the last
/// attempt failed, and every <see cref="AgentSettings.Resync"/> in any case, since others may have changed the host.
/// </summary>
/// <remarks>
/// Level-triggered: nothing is remembered of the host from one look to the next, so it does not matter what happened in between, nor
/// whether this process is the one that began. One thing at a time, on whichever thread.
/// </remarks>
public sealed class AgentLoop
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>The first pause after a failure; each further one is twice as long, up to <see cref="LookInterval"/>.</summary>
    private static readonly TimeSpan FirstRetryPause = TimeSpan.FromMilliseconds(50);

    private readonly AgentSettings settings;
    private readonly KeyPair keys;
    private readonly PeersSource peers;
    private readonly HostReconciler host;
    private readonly ILogger logger;
    private string? lastFailure = string.Empty;
    private IReadOnlyList<string> lastWarnings = [];

    private AgentLoop(AgentSettings settings, KeyPair keys, ILogger logger)
    {
        this.settings = settings;
        this.keys = keys;
        this.logger = logger;
        peers = new PeersSource(settings.PeersFile!, settings.NodeName, keys.PublicKey, logger);
        host = new HostReconciler(settings, logger);
    }

    /// <summary>Serves the node until it is cancelled, which is its normal end. What it made stays.</summary>
    /// <exception cref="OperatorException">A setting is missing, the key file is broken, or another agent serves this node.</exception>
    public static async Task RunAsync(AgentSettings settings, ILogger logger, CancellationToken cancellationToken)
    {
        if (settings.PeersFile is null)
        {
            throw new OperatorException("no peers file: say --peers-file FILE, or peersFile in the config file");
        }

        using var agentLock = AgentLock.Acquire(settings.StateDir);
        var identity = KeyFile.LoadOrCreate(settings.StateDir);
        logger.Started(settings.NodeName, identity.PublicKey.ToBase64(), settings.PeersFile);
        await new AgentLoop(settings, identity, logger).LoopAsync(cancellationToken);
        logger.Stopped();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        (FileStamp? Peers, FileStamp? Tunnel) seen = default;
        var nextResync = 0L;
        var failed = true;
        var pause = FirstRetryPause;
        try
        {
            while (true)
            {
                // Looked at before it is read: a change in between is seen the next time.
                var now = (FileStamp.TryRead(settings.PeersFile!), FileStamp.TryRead(settings.TunnelSocket));
                if (failed || now != seen || Environment.TickCount64 >= nextResync)
                {
                    seen = now;
                    nextResync = Environment.TickCount64 + (long)settings.Resync.TotalMilliseconds;
                    failed = !await TryReconcileAsync(cancellationToken);
                }

                // A tunnel that starts together with us is not waited for a whole second.
                await Task.Delay(failed ? pause : LookInterval, cancellationToken);
                pause = !failed ? FirstRetryPause : pause + pause < LookInterval ? pause + pause : LookInterval;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The normal end.
        }
    }

    /// <returns>False to try again at the next tick.</returns>
    private async Task<bool> TryReconcileAsync(CancellationToken cancellationToken)
    {
        peers.Refresh();
        if (peers.Nodes is not { } nodes)
        {
            return false;
        }

        string? failure = null;
        try
        {
            using var netlink = RouteNetlink.Open();
            var tunnel = await host.ReadTunnelAsync(cancellationToken);
            var underlay = Underlay.Read(netlink, nodes.Remotes);
            var desired = DesiredState.Compute(settings, keys.PrivateKey, nodes, underlay, MeasuredPaths.From(tunnel));
            LogNew(desired.Warnings);
            await host.ReconcileAsync(netlink, tunnel, desired, cancellationToken);
        }
        catch (Exception e) when (e is OperatorException or IOException or UnauthorizedAccessException)
        {
            failure = Errno.Describe(e);
        }

        LogChange(failure);
        return failure is null;
    }

    /// <summary>Says once what changed, however often it is tried.</summary>
    private void LogChange(string? failure)
    {
        if (failure == lastFailure)
        {
            return;
        }

        lastFailure = failure;
        if (failure is null)
        {
            logger.Ready();
        }
        else
        {
            logger.NotReady(failure);
        }
    }

    private void LogNew(IReadOnlyList<string> warnings)
    {
        foreach (var warning in warnings.Except(lastWarnings, StringComparer.Ordinal))
        {
            logger.Warned(warning);
        }

        lastWarnings = warnings;
    }
}
