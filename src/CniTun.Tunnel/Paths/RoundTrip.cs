namespace CniTun.Tunnel.Paths;

/// <summary>Smoothed and least round-trip time, by RFC 6298. A value that changes; belongs to whoever holds it.</summary>
internal struct RoundTrip
{
    private long variationMicroseconds;

    /// <summary>Gets the smoothed time; 0 before the first sample.</summary>
    public long SmoothedMicroseconds { get; private set; }

    /// <summary>Gets the shortest time; 0 before the first sample.</summary>
    public long LeastMicroseconds { get; private set; }

    /// <summary>Gets how long an answer may take before the probe counts as lost.</summary>
    /// <remarks>
    /// Not below 200 ms, since a peer may be busy. RFC 8899, section 5.1.1, wants a second at least between probes; but an answer that
    /// comes late is still taken, so that all a short time can cost is a probe sent once more.
    /// </remarks>
    public readonly long TimeoutMilliseconds => SmoothedMicroseconds == 0
        ? 1000
        : Math.Clamp((SmoothedMicroseconds + (4 * variationMicroseconds)) * 2 / 1000, 200, 2000);

    public void Add(long microseconds)
    {
        microseconds = Math.Max(1, microseconds);
        if (SmoothedMicroseconds == 0)
        {
            SmoothedMicroseconds = LeastMicroseconds = microseconds;
            variationMicroseconds = microseconds / 2;
            return;
        }

        LeastMicroseconds = Math.Min(LeastMicroseconds, microseconds);
        variationMicroseconds += (Math.Abs(microseconds - SmoothedMicroseconds) - variationMicroseconds) / 4;
        SmoothedMicroseconds = Math.Max(1, SmoothedMicroseconds + ((microseconds - SmoothedMicroseconds) / 8));
    }
}
