using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>What ADD made, as the runtime is told and later tells us back in <c>prevResult</c>.</summary>
/// <remarks>CNI specification 1.1.0, "Success"; the shape has been the same since 0.3.0 but for what <see cref="For"/> leaves out.</remarks>
public sealed record CniResult
{
    public string? CniVersion { get; init; }

    public IReadOnlyList<CniInterface>? Interfaces { get; init; }

    public IReadOnlyList<CniAddress>? Ips { get; init; }

    public IReadOnlyList<CniRoute>? Routes { get; init; }

    public CniDns? Dns { get; init; }

    /// <summary>Gets the result as a version of the specification has it: fields that it does not know are left out.</summary>
    public CniResult For(CniVersion version) => this with
    {
        CniVersion = version.Text(),
        Interfaces = Interfaces?.Select(link => version < Cni.CniVersion.V1_1_0 ? link with { Mtu = null } : link).ToList(),
        Ips = Ips?.Select(ip => version < Cni.CniVersion.V1_0_0
            ? ip with { Version = ip.Address.Address.IsIPv6 ? "6" : "4" }
            : ip with { Version = null }).ToList(),
        Routes = Routes?.Select(route => version < Cni.CniVersion.V1_1_0
            ? new CniRoute { Destination = route.Destination, Gateway = route.Gateway }
            : route).ToList(),
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CniJson.Default.CniResult);
}

/// <summary>An interface that ADD made or that the container hangs on.</summary>
public sealed record CniInterface
{
    public required string Name { get; init; }

    public string? Mac { get; init; }

    /// <summary>Gets the MTU in bytes; since 1.1.0.</summary>
    public int? Mtu { get; init; }

    /// <summary>Gets the network namespace that the interface is in; null or empty for the host.</summary>
    public string? Sandbox { get; init; }
}

/// <summary>An address that ADD gave to an interface.</summary>
public sealed record CniAddress
{
    /// <summary>Gets "4" or "6"; before 1.0.0 only.</summary>
    public string? Version { get; init; }

    /// <summary>Gets the position in <see cref="CniResult.Interfaces"/>.</summary>
    public int? Interface { get; init; }

    /// <summary>Gets the address with the prefix length of its subnet.</summary>
    public required Cidr Address { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>A route in the container.</summary>
public sealed record CniRoute
{
    [JsonPropertyName("dst")]
    public required Cidr Destination { get; init; }

    /// <summary>Gets the next hop; null for the gateway of the address of the same family.</summary>
    [JsonPropertyName("gw")]
    public IpAddress? Gateway { get; init; }

    /// <summary>Gets the MTU in bytes; since 1.1.0, as are all below.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Gets the TCP segment size to announce, in bytes.</summary>
    [JsonPropertyName("advmss")]
    public uint? AdvertisedMss { get; init; }

    public uint? Priority { get; init; }

    public uint? Table { get; init; }

    public byte? Scope { get; init; }
}

/// <summary>Name servers for the container; passed on, never used by us.</summary>
public sealed record CniDns
{
    public IReadOnlyList<string>? Nameservers { get; init; }

    public string? Domain { get; init; }

    public IReadOnlyList<string>? Search { get; init; }

    public IReadOnlyList<string>? Options { get; init; }
}
