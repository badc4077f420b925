using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>What ADD made: told to the runtime, and told back by it later as <c>prevResult</c>.</summary>
/// <remarks>One shape for all versions of the specification: <see cref="ResultReader"/> and <see cref="ResultWriter"/> know how each writes it.</remarks>
public sealed class CniResult
{
    public IReadOnlyList<CniInterface> Interfaces { get; init; } = [];

    public IReadOnlyList<CniAddress> Ips { get; init; } = [];

    public IReadOnlyList<CniRoute> Routes { get; init; } = [];

    public CniDns? Dns { get; init; }
}

/// <summary>An interface that ADD made or that the container hangs on.</summary>
public sealed class CniInterface
{
    public string Name { get; init; } = string.Empty;

    public string? Mac { get; init; }

    /// <summary>Gets the MTU in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>Gets the network namespace that the interface is in; null or empty for the host.</summary>
    public string? Sandbox { get; init; }

    public string? SocketPath { get; init; }

    public string? PciId { get; init; }
}

/// <summary>An address that ADD gave to an interface.</summary>
public sealed class CniAddress
{
    /// <summary>Gets the position in <see cref="CniResult.Interfaces"/>; null if it was not said.</summary>
    public int? Interface { get; init; }

    /// <summary>Gets the address with the prefix length of its subnet.</summary>
    public Cidr Address { get; init; }

    public IpAddress? Gateway { get; init; }
}

/// <summary>A route in the container. In numbers null means the kernel's choice.</summary>
public sealed class CniRoute
{
    public Cidr Destination { get; init; }

    /// <summary>Gets the next hop; null for the gateway of the address of the same family.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>Gets the MTU in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>Gets the TCP segment size to announce, in bytes.</summary>
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
}

/// <summary>Name servers for the container; passed on, never used by us. A list that is null was not said; an empty one says that there are none.</summary>
public sealed class CniDns
{
    public IReadOnlyList<string>? Nameservers { get; init; }

    public string? Domain { get; init; }

    public IReadOnlyList<string>? Search { get; init; }

    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>Gets a value indicating whether anything is said, be it an empty list.</summary>
    public bool IsSaid => Nameservers is not null || !string.IsNullOrEmpty(Domain) || Search is not null || Options is not null;
}
