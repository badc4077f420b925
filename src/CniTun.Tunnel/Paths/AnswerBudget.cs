using System.Diagnostics;

namespace CniTun.Tunnel.Paths;

/// <summary>Holds down the answers that strangers' packets can have us send (RFC 1812, section 4.3.2.8; RFC 4443, section 2.4f): a bucket of tokens. Belongs to one thread.</summary>
/// <param name="perSecond">How many answers for ever.</param>
/// <param name="burst">How many at once after a pause.</param>
public sealed class AnswerBudget(int perSecond = 100, int burst = 50)
{
    private readonly long costTicks = Stopwatch.Frequency / perSecond;
    private readonly long capacityTicks = Stopwatch.Frequency / perSecond * burst;

    // The bucket is full once time is as far as this.
    private long fullAt = long.MinValue;

    /// <summary>Takes a token.</summary>
    /// <param name="timestamp">Now, as <see cref="Stopwatch.GetTimestamp"/> says it.</param>
    /// <returns>False if there is none: no answer then.</returns>
    public bool TryTake(long timestamp)
    {
        var next = Math.Max(fullAt, timestamp) + costTicks;
        if (next - timestamp > capacityTicks)
        {
            return false;
        }

        fullAt = next;
        return true;
    }
}
