namespace CniTun.Tunnel.Paths;

/// <summary>What <see cref="PathMtuSearch"/> is after.</summary>
internal enum SearchStep
{
    Hello,
    Top,
    Base,
    Bisect,
    Settled,
    Raise,
}

/// <summary>Between which sizes of the outer packet the path MTU lies. A value that changes; belongs to the search that holds it.</summary>
/// <param name="isIPv6">The family of the outer packets.</param>
/// <param name="ceilingBytes">What the local route allows.</param>
internal struct SizeBounds(bool isIPv6, int ceilingBytes)
{
    private const int MaxBytes = 65_535;

    /// <summary>The smallest probe, which any path carries.</summary>
    public readonly int HelloBytes = ProbeMessage.HeaderBytes + PeerPath.OverheadBytes(isIPv6);

    /// <summary>BASE_PLPMTU: what nearly any path carries (RFC 8899, section 5.1.2).</summary>
    public readonly int BaseBytes = isIPv6 ? 1280 : 1200;

    // What every link must carry (RFC 791, RFC 8200).
    private readonly int leastBytes = isIPv6 ? 1280 : 576;

    /// <summary>Gets what the local route allows.</summary>
    public int Ceiling { get; private set; } = Clamp(ceilingBytes, isIPv6);

    /// <summary>Gets the largest size that has passed.</summary>
    public int Confirmed { get; private set; } = ProbeMessage.HeaderBytes + PeerPath.OverheadBytes(isIPv6);

    /// <summary>Gets the smallest size that has not; above the ceiling if none.</summary>
    public int Refuted { get; private set; } = Clamp(ceilingBytes, isIPv6) + 1;

    /// <summary>Gets what may be relied upon while the search goes on.</summary>
    public readonly int Sure => Math.Max(Confirmed, Math.Min(leastBytes, Refuted - 1));

    /// <summary>Gets which way brings the bounds together.</summary>
    public readonly SearchStep NextStep =>
        Confirmed + 1 >= Refuted ? SearchStep.Settled
        : Refuted > Ceiling ? SearchStep.Top
        : Confirmed < BaseBytes && BaseBytes < Refuted ? SearchStep.Base
        : SearchStep.Bisect;

    /// <summary>Gets the size to try.</summary>
    public readonly int Candidate(SearchStep step) => step switch
    {
        SearchStep.Hello => HelloBytes,
        SearchStep.Top => Ceiling,
        SearchStep.Base => BaseBytes,
        SearchStep.Bisect => Confirmed + ((Refuted - Confirmed) / 2),
        SearchStep.Raise => Confirmed + 1,
        _ => Confirmed,
    };

    /// <summary>A size has passed.</summary>
    /// <param name="bytes">More than any before it.</param>
    /// <param name="forgetRefuted">What did not pass before may pass now; so too if it was this very size.</param>
    public void Confirm(int bytes, bool forgetRefuted)
    {
        Refuted = forgetRefuted || bytes >= Refuted ? Ceiling + 1 : Refuted;
        Confirmed = Math.Min(bytes, Ceiling);
    }

    /// <summary>A size does not pass, though it may have before.</summary>
    public void Refute(int bytes)
    {
        Refuted = Math.Min(Refuted, bytes);
        Confirmed = Confirmed < bytes ? Confirmed : HelloBytes;
    }

    /// <summary>The local route allows another size.</summary>
    /// <returns>False if that changes nothing.</returns>
    public bool Limit(int bytes)
    {
        bytes = Math.Clamp(bytes, HelloBytes + 1, MaxBytes);
        if (bytes == Ceiling)
        {
            return false;
        }

        Refuted = bytes > Ceiling ? bytes + 1 : Math.Min(Refuted, bytes + 1);
        Ceiling = bytes;
        Confirmed = Confirmed <= bytes ? Confirmed : HelloBytes;
        return true;
    }

    private static int Clamp(int bytes, bool isIPv6) =>
        Math.Clamp(bytes, ProbeMessage.HeaderBytes + PeerPath.OverheadBytes(isIPv6) + 1, MaxBytes);
}
