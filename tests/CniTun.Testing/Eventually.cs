using System.Diagnostics;

namespace CniTun.Testing;

/// <summary>
/// Waits until something holds, for tests of what happens beside the test. The limit only ends a hang: however slow the machine, a test that
/// would pass gets its time, and one that passes does not wait longer than it must.
/// </summary>
public static class Eventually
{
    /// <summary>How long anything may take before it counts as never happening; also for waits that have a timeout of their own.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Asked over and over; must not change what it looks at.</param>
    /// <param name="what">What is waited for, as the failure names it: "the route is gone".</param>
    /// <exception cref="TimeoutException">It never held.</exception>
    public static void True(Func<bool> condition, string what) => True(condition, () => what);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Asked over and over; must not change what it looks at.</param>
    /// <param name="what">Called only if it never held: what was waited for, and what was seen instead.</param>
    /// <exception cref="TimeoutException">It never held.</exception>
    public static void True(Func<bool> condition, Func<string> what)
    {
        for (var begin = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(5))
        {
            if (Stopwatch.GetElapsedTime(begin) > Limit)
            {
                throw new TimeoutException($"not within {Limit.TotalSeconds} s: {what()}");
            }
        }
    }

    /// <summary>Waits until two values are equal; the failure shows both.</summary>
    /// <param name="expected">What it becomes.</param>
    /// <param name="actual">Asked over and over.</param>
    public static void Equal<T>(T expected, Func<T> actual)
    {
        var last = default(T);
        True(() => EqualityComparer<T>.Default.Equals(expected, last = actual()), () => $"expected {expected}, last seen {last}");
    }

    /// <summary>Tries until an attempt throws nothing of a kind; throws what the last one threw if none succeeded.</summary>
    /// <typeparam name="TException">What an attempt that came too early throws.</typeparam>
    /// <param name="attempt">Tried over and over; a failed one leaves nothing behind.</param>
    public static T Succeeds<TException, T>(Func<T> attempt)
        where TException : Exception
    {
        for (var begin = Stopwatch.GetTimestamp(); ; Thread.Sleep(5))
        {
            try
            {
                return attempt();
            }
            catch (TException) when (Stopwatch.GetElapsedTime(begin) <= Limit)
            {
            }
        }
    }
}
