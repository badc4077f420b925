using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>What ADD made, as the runtime is told and later tells us back in <c>prevResult</c>.</summary>
/// <remarks>CNI specification 1.1.0, "Success"; the shape has been the same since 0.3.0 but for what <see cref="For"/> leaves out.</remarks>
public sealed class CniResult
{
    public string? CniVersion { get; init; }

    public CniInterface[]? Interfaces { get; init; }

    public CniAddress[]? Ips { get; init; }

    public CniRoute[]? Routes { get; init; }

    public CniDns? Dns { get; init; }

    /// <summary>Gets the result as a version of the specification has it: fields that it does not know are left out.</summary>
    public CniResult For(CniVersion version) => new()
    {
        CniVersion = version.Text(),
        Interfaces = Interfaces?.Select(link => link.For(version)).ToArray(),
        Ips = Ips?.Select(ip => ip.For(version)).ToArray(),
        Routes = Routes?.Select(route => route.For(version)).ToArray(),
        Dns = Dns,
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CniJson.Default.CniResult);
}

/// <summary>An interface that ADD made or that the container hangs on.</summary>
public sealed class CniInterface
{
    public required string Name { get; init; }

    public string? Mac { get; init; }

    /// <summary>Gets the MTU in bytes; since 1.1.0.</summary>
    public int? Mtu { get; init; }

    /// <summary>Gets the network namespace that the interface is in; null or empty for the host.</summary>
    public string? Sandbox { get; init; }

    internal CniInterface For(CniVersion version) => new()
    {
        Name = Name,
        Mac = Mac,
        Mtu = version < CniVersion.V1_1_0 ? null : Mtu,
        Sandbox = Sandbox,
    };
}

/// <summary>An address that ADD gave to an interface.</summary>
public sealed class CniAddress
{
    /// <summary>Gets "4" or "6"; before 1.0.0 only.</summary>
    public string? Version { get; init; }

    /// <summary>Gets the position in <see cref="CniResult.Interfaces"/>.</summary>
    public int? Interface { get; init; }

    /// <summary>Gets the address with the prefix length of its subnet.</summary>
    public required Cidr Address { get; init; }

    public IpAddress? Gateway { get; init; }

    internal CniAddress For(CniVersion version) => new()
    {
        Version = version >= CniVersion.V1_0_0 ? null : Address.Address.IsIPv6 ? "6" : "4",
        Interface = Interface,
        Address = Address,
        Gateway = Gateway,
    };
}

/// <summary>A route in the container.</summary>
public sealed class CniRoute
{
    [JsonPropertyName("dst")]
    public required Cidr Destination { get; init; }

    /// <summary>Gets the next hop; null for the gateway of the address of the same family.</summary>
    [JsonPropertyName("gw")]
    public IpAddress? Gateway { get; init; }

    /// <summary>Gets the MTU in bytes; since 1.1.0, as are all below.</summary>
    public int? Mtu { get; init; }

    /// <summary>Gets the TCP segment size to announce, in bytes.</summary>
    [JsonPropertyName("advmss")]
    public int? AdvertisedMss { get; init; }

    public int? Priority { get; init; }

    public int? Table { get; init; }

    public int? Scope { get; init; }

    /// <summary>Gets the same route by way of a gateway.</summary>
    public CniRoute Via(IpAddress gateway) => new()
    {
        Destination = Destination,
        Gateway = gateway,
        Mtu = Mtu,
        AdvertisedMss = AdvertisedMss,
        Priority = Priority,
        Table = Table,
        Scope = Scope,
    };

    internal CniRoute For(CniVersion version) =>
        version < CniVersion.V1_1_0 ? new CniRoute { Destination = Destination, Gateway = Gateway } : this;
}

/// <summary>Name servers for the container; passed on, never used by us.</summary>
public sealed class CniDns
{
    public string[]? Nameservers { get; init; }

    public string? Domain { get; init; }

    public string[]? Search { get; init; }

    public string[]? Options { get; init; }
}
