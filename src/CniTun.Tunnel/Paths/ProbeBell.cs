namespace CniTun.Tunnel.Paths;

/// <summary>Wakes the prober. Rung from any thread; a ring while it is awake has it look once more before it sleeps.</summary>
internal sealed class ProbeBell : IDisposable
{
    private readonly AutoResetEvent signal = new(initialState: false);

    public void Ring() => signal.Set();

    /// <summary>Sleeps until it is rung or the time is over.</summary>
    public void Wait(long milliseconds) => signal.WaitOne((int)Math.Clamp(milliseconds, 0, int.MaxValue));

    public void Dispose() => signal.Dispose();
}
