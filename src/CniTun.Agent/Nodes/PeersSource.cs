using CniTun.Agent.Files;
using CniTun.Agent.Logging;
using CniTun.Daemon;
using CniTun.Uapi;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Nodes;

/// <summary>The peers file over time: remembers the last good content, and complains once about each bad one.</summary>
internal sealed class PeersSource(string path, string nodeName, PublicKey ownKey, ILogger logger)
{
    private byte[]? lastContent;
    private string? lastFailure;

    /// <summary>Gets the nodes as last read; null until the file was good once.</summary>
    public Membership? Nodes { get; private set; }

    /// <summary>Reads the file again.</summary>
    public void Refresh()
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lastContent = null;
            Fail(JsonObject.WhyUnreadable(e));
            return;
        }

        if (lastContent is not null && content.AsSpan().SequenceEqual(lastContent))
        {
            return;
        }

        lastContent = content;
        try
        {
            Nodes = Membership.Select(PeersFile.Parse(content), nodeName, ownKey);
            lastFailure = null;
            logger.PeersRead(path, Nodes.Remotes.Count + 1);
        }
        catch (OperatorException e)
        {
            Fail(e.Message);
        }
    }

    private void Fail(string reason)
    {
        if (reason == lastFailure)
        {
            return;
        }

        lastFailure = reason;
        if (Nodes is null)
        {
            logger.NoPeersYet(path, reason);
        }
        else
        {
            logger.PeersRefused(path, reason);
        }
    }
}
