using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary>How many packets the tunnel dropped for one reason.</summary>
/// <param name="Direction">"in": received from peers; "out": to be sent to them.</param>
/// <param name="Reason">The tunnel's word for it: "spoofed_source".</param>
/// <param name="Packets">Since the tunnel started.</param>
internal readonly record struct Drop(string Direction, string Reason, long Packets)
{
    private const string Infix = "_drop_";

    /// <summary>Picks the drops out of the tunnel's counters, which are called DIRECTION_drop_REASON.</summary>
    public static IEnumerable<Drop> From(IEnumerable<Counter> counters)
    {
        foreach (var counter in counters)
        {
            var infix = counter.Name.IndexOf(Infix, StringComparison.Ordinal);
            if (infix > 0)
            {
                yield return new Drop(counter.Name[..infix], counter.Name[(infix + Infix.Length)..], counter.Value);
            }
        }
    }
}
