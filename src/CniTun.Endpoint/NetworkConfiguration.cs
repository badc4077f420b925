using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint;

/// <summary>The plugin's configuration as it is written: the keys of the reference bridge plugin, unchecked. See docs/cni.md.</summary>
internal sealed class NetworkConfiguration
{
    public string? Bridge { get; init; }

    public bool IsGateway { get; init; }

    public bool IsDefaultGateway { get; init; }

    public bool HairpinMode { get; init; }

    public bool PromiscMode { get; init; }

    public bool PortIsolation { get; init; }

    public int Mtu { get; init; }

    [JsonPropertyName("enabledad")]
    public bool EnableDad { get; init; }

    public IpamConfiguration? Ipam { get; init; }

    public CniDns? Dns { get; init; }

    public CniResult? PrevResult { get; init; }

    // Keys of the reference plugin that we do not fulfil: refused when they ask for something, rather than passed over.
    public bool IpMasq { get; init; }

    public int? Vlan { get; init; }

    public VlanTrunkConfiguration?[]? VlanTrunk { get; init; }

    [JsonPropertyName("macspoofchk")]
    public bool MacSpoofCheck { get; init; }

    public bool DisableContainerInterface { get; init; }

    /// <exception cref="CniException">Code 6: not JSON, or a value of the wrong form.</exception>
    public static NetworkConfiguration Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, EndpointJson.Default.NetworkConfiguration)!;
        }
        catch (JsonException malformed)
        {
            throw CniErrors.MalformedJson(malformed);
        }
    }
}

/// <summary>One entry of <c>vlanTrunk</c> as it is written: one VLAN, or a stretch of them.</summary>
internal sealed class VlanTrunkConfiguration
{
    [JsonPropertyName("minID")]
    public int? MinimumId { get; init; }

    [JsonPropertyName("maxID")]
    public int? MaximumId { get; init; }

    public int? Id { get; init; }
}

/// <summary>The <c>ipam</c> section as it is written: the keys of host-local.</summary>
internal sealed class IpamConfiguration
{
    public string? Type { get; init; }

    /// <summary>Gets the range sets, one of which each attachment gets an address from.</summary>
    public RangeConfiguration?[]?[]? Ranges { get; init; }

    public CniRoute?[]? Routes { get; init; }

    public string? DataDir { get; init; }

    // The short form of one range set with one range.
    public Cidr? Subnet { get; init; }

    public IpAddress? RangeStart { get; init; }

    public IpAddress? RangeEnd { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>One range as it is written.</summary>
internal sealed class RangeConfiguration
{
    public Cidr? Subnet { get; init; }

    public IpAddress? RangeStart { get; init; }

    public IpAddress? RangeEnd { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>How the configuration is read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(NetworkConfiguration))]
internal sealed partial class EndpointJson : JsonSerializerContext;
