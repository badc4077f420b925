namespace CniTun.Tunnel.Paths;

/// <summary>
/// Finds the path MTU to one peer by probes (RFC 8899): says what to send and when, is told what came back. Knows no clock, no socket
/// and no thread; belongs to one.
/// </summary>
/// <remarks>
/// Sizes are those of the outer IP packet. <c>confirmed</c> has passed, <c>refuted</c> has not, the ceiling is what the local route allows:
/// <code>
/// Hello   does the peer answer at all?                 answered: Top        silence in any step: back here
/// Top     the ceiling                                  answered: Settled    lost: Base
/// Base    1200 or 1280 bytes                           answered or lost: Bisect
/// Bisect  half way between confirmed and refuted       until they meet: Settled
/// Settled the path MTU, every few seconds              lost (a black hole): Base    after ten minutes: Raise
/// Raise   one byte more than confirmed                 answered: Top        lost: Settled
/// </code>
/// The greatest size is tried first: on most paths it passes, and the search ends within one round trip. Until it is refuted it also is
/// the path MTU, since hosts remember for ten minutes a smaller one that they were told.
/// A lost probe of a size in doubt is followed by a control that any path carries: only if those pass is the size to blame. How many losses
/// it takes follows from the loss that the controls see, so that loss alone does not pass for a small path.
/// </remarks>
internal sealed class PathMtuSearch
{
    private const int SilenceBeforeFirstAnswer = 3;
    private const int SilenceAfterwards = 8;

    // Between an answer and the next probe; between two attempts to go higher: 600 s is PMTU_RAISE_TIMER of RFC 8899, section 5.1.1.
    private const long GapMilliseconds = 10;
    private const long RaiseMilliseconds = 600_000;
    private const long RaiseUnderLossMilliseconds = 60_000;

    private SizeBounds sizes;
    private SearchStep step;
    private bool answers;
    private int misses;
    private int silence;
    private bool controlIsDue;
    private int outstanding;
    private long deadline;
    private long nextAt;
    private long raiseAt;
    private RoundTrip roundTrip;
    private LossWindow losses;

    /// <param name="isIPv6">The family of the outer packets.</param>
    /// <param name="ceilingBytes">As of <see cref="SetCeiling"/>.</param>
    public PathMtuSearch(bool isIPv6, int ceilingBytes)
    {
        sizes = new SizeBounds(isIPv6, ceilingBytes);
        PathBytes = sizes.Ceiling;
    }

    public PathState State { get; private set; }

    /// <summary>Gets the path MTU: what may be sent now.</summary>
    public int PathBytes { get; private set; }

    public RoundTrip RoundTrip => roundTrip;

    /// <summary>Gets how many of 1000 probes were lost; -1 of a peer that never answered.</summary>
    public int LossPermille => answers ? losses.Permille : -1;

    /// <summary>Gets or sets how long a path that is settled, or a peer that is silent, is left alone.</summary>
    public long IdleMilliseconds { get; set; } = 5000;

    /// <summary>Gets when <see cref="Due"/> will have something to do, if nothing else happens.</summary>
    public long WakeAt => outstanding > 0 ? deadline : nextAt;

    /// <summary>Notices a probe that is lost, and says what to send now.</summary>
    /// <returns>The outer packet's size of a probe that is taken to be sent; 0 for none.</returns>
    public int Due(long now)
    {
        if (outstanding > 0)
        {
            if (now < deadline)
            {
                return 0;
            }

            Lose(now);
        }

        if (now < nextAt)
        {
            return 0;
        }

        outstanding = controlIsDue ? sizes.HelloBytes : sizes.Candidate(step);
        deadline = now + roundTrip.TimeoutMilliseconds;
        State = State == PathState.Unknown ? PathState.Searching : State;
        return outstanding;
    }

    /// <summary>Takes an answer, whether or not it was still waited for.</summary>
    /// <param name="bytes">The size of the probe that arrived.</param>
    /// <param name="microseconds">From sending it until its answer came.</param>
    /// <param name="now">When.</param>
    public void Answered(int bytes, long microseconds, long now)
    {
        roundTrip.Add(microseconds);
        silence = 0;
        answers = true;
        if (bytes == outstanding)
        {
            outstanding = 0;
            nextAt = now + GapMilliseconds;
        }

        if (bytes == sizes.HelloBytes)
        {
            Hear(now);
        }
        else if (bytes > sizes.Confirmed)
        {
            Confirm(bytes, now);
        }

        // Both at once on a path that carries the smallest probe alone.
        if (bytes == sizes.Confirmed && step == SearchStep.Settled)
        {
            Affirm(now);
        }
    }

    /// <summary>Takes it that this host itself refused to send a packet of this size (EMSGSIZE), which is beyond doubt.</summary>
    public void Refused(int bytes, long now)
    {
        if (bytes > sizes.HelloBytes + 1)
        {
            sizes.Limit(Math.Min(sizes.Ceiling, bytes - 1));
            PathBytes = Math.Min(PathBytes, bytes - 1);
            Restart(now);
        }
    }

    /// <summary>Says what the local route to the peer allows.</summary>
    /// <remarks>
    /// The kernel lowers that by ICMP messages, which anybody may forge: so it does not count against a larger size that was seen to pass.
    /// </remarks>
    public void SetCeiling(int bytes, long now)
    {
        if (sizes.Limit(step == SearchStep.Hello ? bytes : Math.Max(bytes, sizes.Confirmed)))
        {
            PathBytes = answers ? Math.Min(PathBytes, sizes.Ceiling) : sizes.Ceiling;
            Restart(now);
        }
    }

    /// <summary>Has the next probe sent at once.</summary>
    public void LookAgain(long now) => nextAt = Math.Min(nextAt, now);

    private void Lose(long now)
    {
        var bytes = outstanding;
        outstanding = 0;
        nextAt = now;
        silence++;

        // Further losses of the same size tell of the size, not of the path.
        if (bytes == sizes.HelloBytes || (step == SearchStep.Settled && misses == 0))
        {
            losses.Add(wasLost: true);
        }

        if (silence >= (answers ? SilenceAfterwards : SilenceBeforeFirstAnswer))
        {
            FallSilent(now);
        }
        else if (bytes != sizes.HelloBytes)
        {
            misses++;
            controlIsDue = true;
        }
    }

    private void FallSilent(long now)
    {
        step = SearchStep.Hello;
        State = PathState.Unanswered;
        Forget();
        nextAt = now + IdleMilliseconds;
    }

    /// <summary>A control, or the first probe of all, was answered.</summary>
    private void Hear(long now)
    {
        // What was lost while nobody answered says nothing of the path.
        losses = step == SearchStep.Hello ? default : losses;
        losses.Add(wasLost: false);
        if (step == SearchStep.Hello)
        {
            Forget();
            State = PathState.Searching;
            if (sizes.Confirmed > sizes.HelloBytes)
            {
                // What passed before the peer fell silent is likely to pass again.
                step = SearchStep.Settled;
                raiseAt = now;
                nextAt = now;
            }
            else
            {
                Advance(now);
            }
        }
        else if (controlIsDue)
        {
            controlIsDue = false;
            if (misses >= losses.TriesToBeSure)
            {
                GiveUp(now);
            }
        }
    }

    /// <summary>A size passed that was not known to: also one that was given up, as after heavy loss.</summary>
    private void Confirm(int bytes, long now)
    {
        sizes.Confirm(bytes, forgetRefuted: step == SearchStep.Raise);
        PathBytes = Math.Max(PathBytes, sizes.Confirmed);
        Restart(now);
    }

    /// <summary>The path MTU still passes.</summary>
    private void Affirm(long now)
    {
        if (misses == 0)
        {
            losses.Add(wasLost: false);
        }

        Forget();
        State = PathState.Complete;
        PathBytes = sizes.Confirmed;
        if (sizes.Confirmed < sizes.Ceiling && now >= raiseAt)
        {
            step = SearchStep.Raise;
            nextAt = now + GapMilliseconds;
        }
        else
        {
            nextAt = now + IdleMilliseconds;
        }
    }

    /// <summary>The candidate does not pass.</summary>
    private void GiveUp(long now)
    {
        if (step == SearchStep.Settled)
        {
            // A black hole: from here on the path carries less than it did.
            PathBytes = Math.Min(PathBytes, sizes.BaseBytes);
        }

        sizes.Refute(sizes.Candidate(step));
        Restart(now);
    }

    /// <summary>The bounds have changed.</summary>
    private void Restart(long now)
    {
        Forget();
        if (step != SearchStep.Hello)
        {
            nextAt = now;
            Advance(now);
        }
    }

    private void Advance(long now)
    {
        step = sizes.NextStep;
        State = step == SearchStep.Settled ? PathState.Complete : PathState.Searching;
        if (step == SearchStep.Settled)
        {
            PathBytes = sizes.Confirmed;
            nextAt = now + IdleMilliseconds;
            raiseAt = now + (losses.Permille > 0 ? RaiseUnderLossMilliseconds : RaiseMilliseconds);
        }
        else if (step == SearchStep.Bisect)
        {
            PathBytes = sizes.Sure;
        }
    }

    private void Forget()
    {
        outstanding = 0;
        misses = 0;
        controlIsDue = false;
    }
}
