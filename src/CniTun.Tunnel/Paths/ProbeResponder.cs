namespace CniTun.Tunnel.Paths;

/// <summary>What became of a datagram that began like a probe.</summary>
public enum ProbeOutcome
{
    /// <summary>A request: send the reply to where it came from.</summary>
    Reply,

    /// <summary>An answer to one of our probes, which was written down.</summary>
    Recorded,

    /// <summary>To be dropped: none of our formats.</summary>
    Malformed,

    /// <summary>To be dropped: an answer to nothing that we asked, or a second one.</summary>
    Unexpected,
}

/// <summary>Answers peers' probes and takes answers to ours, inline on the packet thread that received them. Does no I/O, allocates nothing.</summary>
public static class ProbeResponder
{
    /// <summary>Judges a datagram for which <see cref="ProbeMessage.IsProbe"/>.</summary>
    /// <param name="datagram">What was received, every byte of which may be hostile.</param>
    /// <param name="path">Of the peer that it came from.</param>
    /// <param name="timestamp">Now, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> says it.</param>
    /// <param name="reply">At least <see cref="ProbeMessage.HeaderBytes"/>; not the datagram itself.</param>
    /// <param name="replyBytes">How many of them to send; 0 unless the outcome is <see cref="ProbeOutcome.Reply"/>.</param>
    public static ProbeOutcome Receive(ReadOnlySpan<byte> datagram, PeerPath path, long timestamp, Span<byte> reply, out int replyBytes)
    {
        replyBytes = 0;
        if (!ProbeMessage.TryParse(datagram, out var message))
        {
            return ProbeOutcome.Malformed;
        }

        if (message.IsReply)
        {
            return path.TryRecord(message, timestamp) ? ProbeOutcome.Recorded : ProbeOutcome.Unexpected;
        }

        path.Hear();
        replyBytes = (message with { IsReply = true }).Write(reply);
        return ProbeOutcome.Reply;
    }
}
