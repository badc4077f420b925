using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint;

/// <summary>The plugin's configuration as it is written: the keys of the reference bridge plugin, unchecked. See docs/cni.md.</summary>
internal sealed record NetworkConfiguration
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

    public JsonElement? VlanTrunk { get; init; }

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

/// <summary>The <c>ipam</c> section as it is written: the keys of host-local.</summary>
internal sealed record IpamConfiguration
{
    public string? Type { get; init; }

    /// <summary>Gets the range sets, one of which each attachment gets an address from.</summary>
    public IReadOnlyList<IReadOnlyList<RangeConfiguration?>?>? Ranges { get; init; }

    public IReadOnlyList<CniRoute?>? Routes { get; init; }

    public string? DataDir { get; init; }

    // The short form of one range set with one range.
    public Cidr? Subnet { get; init; }

    public IpAddress? RangeStart { get; init; }

    public IpAddress? RangeEnd { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>One range as it is written.</summary>
internal sealed record RangeConfiguration
{
    public Cidr? Subnet { get; init; }

    public IpAddress? RangeStart { get; init; }

    public IpAddress? RangeEnd { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>How the configuration is read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    AllowDuplicateProperties = false,
    Converters = [typeof(IpAddressJsonConverter), typeof(CidrJsonConverter)])]
[JsonSerializable(typeof(NetworkConfiguration))]
internal sealed partial class EndpointJson : JsonSerializerContext;
