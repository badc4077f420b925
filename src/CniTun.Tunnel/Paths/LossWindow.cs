using System.Numerics;

namespace CniTun.Tunnel.Paths;

/// <summary>
/// How many of the last 64 probes were lost, of those small enough that only loss can have taken them. A value that changes;
/// belongs to whoever holds it.
/// </summary>
internal struct LossWindow
{
    private const int Size = 64;

    // A size is given up when by chance alone so many losses in a row are rarer than this...
    private const double Doubt = 1e-6;

    // ...but never before as many as these, and at last after those.
    private const int LeastTries = 4;
    private const int MostTries = 16;

    // The last probe in the lowest bit; 1 is lost.
    private ulong lost;
    private int count;

    /// <summary>Gets how many in 1000 were lost; -1 before the first probe.</summary>
    public readonly int Permille => count == 0 ? -1 : BitOperations.PopCount(lost) * 1000 / count;

    /// <summary>Gets how often in a row a size must be lost until that cannot be chance, at the loss that was seen.</summary>
    public readonly int TriesToBeSure
    {
        get
        {
            var rate = (BitOperations.PopCount(lost) + 0.1) / (count + 1);
            return rate >= 0.5 ? MostTries : Math.Clamp((int)Math.Ceiling(Math.Log(Doubt) / Math.Log(rate)), LeastTries, MostTries);
        }
    }

    public void Add(bool wasLost)
    {
        lost = (lost << 1) | (wasLost ? 1UL : 0);
        count = Math.Min(Size, count + 1);
    }
}
