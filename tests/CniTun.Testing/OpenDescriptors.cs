namespace CniTun.Testing;

/// <summary>Counts this process's descriptors of the kinds that our wrappers open, to catch one that leaks.</summary>
public static class OpenDescriptors
{
    /// <summary>Runs an action many times and fails unless as many descriptors are open afterwards as before.</summary>
    /// <remarks>A leak shows 50 times, which no other thread of the test host can hide or imitate.</remarks>
    public static void AssertNoneLeaked(Action action)
    {
        const int Rounds = 50;
        action();
        var before = Count();
        for (var i = 0; i < Rounds; i++)
        {
            action();
        }

        var after = Count();
        if (after - before >= Rounds)
        {
            throw new InvalidOperationException($"{after - before} more descriptors are open after {Rounds} rounds");
        }
    }

    private static int Count() => Directory.GetFiles("/proc/self/fd").Length;
}
