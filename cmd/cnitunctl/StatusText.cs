using System.Globalization;
using System.Text;
using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary>The status for people: a table for each thing.</summary>
internal static class StatusText
{
    /// <summary>What is longer than this is a hash, of which the beginning will do.</summary>
    private const int LongestInFull = 32;
    private const int ShortLength = 12;

    public static string Format(NodeStatus status)
    {
        var text = new StringBuilder();
        if (status.Tunnel is { } tunnel)
        {
            AppendTunnel(text, tunnel);
        }

        AppendLeases(text, status.Leases);
        return text.ToString();
    }

    private static void AppendTunnel(StringBuilder text, DeviceState tunnel)
    {
        text.Append(CultureInfo.InvariantCulture, $"Tunnel on UDP port {tunnel.ListenPort}: {Count(tunnel.Peers.Count, "peer")}\n");
        var peers = new TextTable("PEER", "ENDPOINT", "ALLOWED IPS", "RECEIVED", "SENT", "PATH-MTU", "RTT", "LOSS");
        foreach (var peer in tunnel.Peers)
        {
            peers.Add(
                Shorten(peer.PublicKey.ToBase64()),
                peer.Endpoint?.ToString() ?? "-",
                peer.AllowedIps.Count == 0 ? "-" : string.Join(", ", peer.AllowedIps),
                ByteCount.Format(peer.RxBytes),
                ByteCount.Format(peer.TxBytes),
                PathMtu(peer),
                RoundTrip(peer.RoundTripMicroseconds),
                Loss(peer.LossPermille));
        }

        peers.AppendTo(text);
        AppendOffloads(text, tunnel.Offloads);

        var drops = new TextTable("DROPPED", "REASON", "PACKETS");
        foreach (var (direction, reason, packets) in Drop.From(tunnel.Counters).Where(drop => drop.Packets > 0))
        {
            drops.Add(direction, reason, packets.ToString(CultureInfo.InvariantCulture));
        }

        text.Append(drops.IsEmpty ? "\nNo packets dropped\n" : "\n");
        drops.AppendTo(text);
        text.Append('\n');
    }

    private static void AppendOffloads(StringBuilder text, IReadOnlyList<Offload> offloads)
    {
        if (offloads.Count > 0)
        {
            text.Append('\n');
        }

        foreach (var offload in offloads)
        {
            text.Append(CultureInfo.InvariantCulture, $"offload {offload.Name}={offload.State}\n");
        }
    }

    /// <summary>The number alone if it was measured, else with how it is known.</summary>
    private static string PathMtu(PeerState peer) => peer.PathMtuBytes is not { } bytes ? "-"
        : peer.PathState is null or "complete" ? bytes.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{bytes} ({peer.PathState})");

    private static string RoundTrip(long? microseconds) => microseconds is not { } value ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{value / 1000.0:F2} ms");

    private static string Loss(int? permille) => permille is not { } value ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{value / 10.0:F1}%");

    private static void AppendLeases(StringBuilder text, IReadOnlyList<NetworkLease> leases)
    {
        text.Append(CultureInfo.InvariantCulture, $"Addresses of pods: {Count(leases.Count, "lease")}\n");
        var table = new TextTable("NETWORK", "ADDRESS", "CONTAINER", "INTERFACE");
        foreach (var (network, lease) in leases)
        {
            table.Add(network, lease.Address.ToString(), Shorten(lease.Attachment.ContainerId), lease.Attachment.InterfaceName);
        }

        table.AppendTo(text);
    }

    private static string Shorten(string text) => text.Length <= LongestInFull ? text : $"{text[..ShortLength]}...";

    private static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? string.Empty : "s")}");
}

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
