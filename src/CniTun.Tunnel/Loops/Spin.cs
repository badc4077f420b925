using System.Diagnostics;
using CniTun.Linux;

namespace CniTun.Tunnel.Loops;

/// <summary>
/// Decides whether to look for packets once more, with the processor offered to others in between (sched_yield(2)), or to sleep.
/// To be woken costs as much as tens of microseconds of looking; but where packets are rare looking is for nothing.
/// </summary>
/// <remarks>
/// It looks for up to 50 us, and only while that pays: after sleeps so short that looking would have been as good. Looking that
/// finds nothing is given up after a few times, until there is work in quick succession again. So an idle worker sleeps.
/// </remarks>
internal struct Spin(bool isAllowed)
{
    private const int MaxFailures = 4;

    private static readonly long Patience = Stopwatch.Frequency / 20_000;
    private static readonly long ShortSleep = Stopwatch.Frequency / 5_000;

    // When looking began; 0 while there is work.
    private long since;
    private long sleepSince;
    private int failures = MaxFailures;

    public void Worked()
    {
        if (since != 0)
        {
            since = 0;
            failures = 0;
        }
    }

    public bool TryAgain()
    {
        if (!isAllowed || failures >= MaxFailures)
        {
            return false;
        }

        var now = Stopwatch.GetTimestamp();
        since = since == 0 ? now : since;
        if (now - since > Patience)
        {
            failures++;
            return false;
        }

        Scheduler.Yield();
        return true;
    }

    public void FallAsleep()
    {
        since = 0;
        sleepSince = Stopwatch.GetTimestamp();
    }

    public void WakeUp()
    {
        if (Stopwatch.GetTimestamp() - sleepSince < ShortSleep)
        {
            failures = Math.Max(0, failures - 1);
        }
    }
}
