using static Tmds.Linux.LibC;

namespace CniTun.Linux;

/// <summary>The calling thread and the processor that it runs on.</summary>
public static class Scheduler
{
    /// <summary>Lets another thread have the processor, if one wants it (sched_yield(2)).</summary>
    public static void Yield() => _ = sched_yield();
}
