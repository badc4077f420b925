using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary>The status for programs. Keys are only ever added.</summary>
internal static class StatusJson
{
    private static readonly StatusJsonContext Context = new(new JsonSerializerOptions(StatusJsonContext.Default.Options)
    {
        // Read by programs and people, never by a browser: '+' of base64 stays itself.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Format(NodeStatus status)
    {
        var document = new StatusDocument
        {
            Tunnel = status.Tunnel is { } tunnel ? From(tunnel) : null,
            Leases = [.. status.Leases.Select(From)],
            Problems = status.Problems,
        };
        return JsonSerializer.Serialize(document, Context.StatusDocument) + '\n';
    }

    private static TunnelDocument From(DeviceState tunnel) => new()
    {
        ListenPort = tunnel.ListenPort,
        Peers = [.. tunnel.Peers.Select(peer => new PeerDocument
        {
            PublicKey = peer.PublicKey.ToBase64(),
            Endpoint = peer.Endpoint?.ToString(),
            AllowedIps = [.. peer.AllowedIps.Select(prefix => prefix.ToString())],
            RxBytes = peer.RxBytes,
            TxBytes = peer.TxBytes,
            PathMtuBytes = peer.PathMtuBytes,
            PathState = peer.PathState,
            RttMicroseconds = peer.RoundTripMicroseconds,
            LeastRttMicroseconds = peer.LeastRoundTripMicroseconds,
            LossPermille = peer.LossPermille,
        })],
        Offloads = tunnel.Offloads.DistinctBy(offload => offload.Name, StringComparer.Ordinal).ToDictionary(offload => offload.Name, offload => offload.State, StringComparer.Ordinal),
        Counters = tunnel.Counters.ToDictionary(counter => counter.Name, counter => counter.Value, StringComparer.Ordinal),
    };

    private static LeaseDocument From(NetworkLease entry) => new()
    {
        Network = entry.Network,
        Address = entry.Lease.Address.ToString(),
        Gateway = entry.Lease.Gateway.ToString(),
        ContainerId = entry.Lease.Attachment.ContainerId,
        InterfaceName = entry.Lease.Attachment.InterfaceName,
        NetworkNamespace = entry.Lease.NetworkNamespace,
    };
}

/// <summary>The whole; a tunnel that does not answer is null.</summary>
internal sealed class StatusDocument
{
    public required TunnelDocument? Tunnel { get; init; }

    public required IReadOnlyList<LeaseDocument> Leases { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }
}

/// <summary>The tunnel, without its private key.</summary>
internal sealed class TunnelDocument
{
    public required ushort ListenPort { get; init; }

    public required IReadOnlyList<PeerDocument> Peers { get; init; }

    /// <summary>Gets all counters, drops and zeros included: DIRECTION_packets, DIRECTION_drop_REASON.</summary>
    public required IReadOnlyDictionary<string, long> Counters { get; init; }

    /// <summary>Gets each offload's state: on, or off with a reason.</summary>
    public required IReadOnlyDictionary<string, string> Offloads { get; init; }
}

internal sealed class PeerDocument
{
    public required string PublicKey { get; init; }

    public required string? Endpoint { get; init; }

    public required IReadOnlyList<string> AllowedIps { get; init; }

    public required long RxBytes { get; init; }

    public required long TxBytes { get; init; }

    /// <summary>Gets what an IP packet to the peer may have outside the tunnel; null, as all that follows, while it is not known.</summary>
    public required int? PathMtuBytes { get; init; }

    /// <summary>Gets how the path MTU is known: unanswered, searching or complete.</summary>
    public required string? PathState { get; init; }

    public required long? RttMicroseconds { get; init; }

    public required long? LeastRttMicroseconds { get; init; }

    public required int? LossPermille { get; init; }
}

internal sealed class LeaseDocument
{
    public required string Network { get; init; }

    public required string Address { get; init; }

    public required string Gateway { get; init; }

    public required string ContainerId { get; init; }

    public required string InterfaceName { get; init; }

    public required string NetworkNamespace { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(StatusDocument))]
internal sealed partial class StatusJsonContext : JsonSerializerContext;
