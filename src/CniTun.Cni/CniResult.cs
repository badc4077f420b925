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
    public string Name { get; set; } = string.Empty;

    public string? Mac { get; set; }

    /// <summary>Gets or sets the MTU in bytes.</summary>
    public int? Mtu { get; set; }

    /// <summary>Gets or sets the network namespace that the interface is in; null or empty for the host.</summary>
    public string? Sandbox { get; set; }

    public string? SocketPath { get; set; }

    public string? PciId { get; set; }
}

/// <summary>An address that ADD gave to an interface.</summary>
public sealed class CniAddress
{
    /// <summary>Gets or sets the position in <see cref="CniResult.Interfaces"/>; null if it was not said.</summary>
    public int? Interface { get; set; }

    /// <summary>Gets or sets the address with the prefix length of its subnet.</summary>
    public Cidr Address { get; set; }

    public IpAddress? Gateway { get; set; }
}

/// <summary>A route in the container. In numbers null means the kernel's choice.</summary>
public sealed class CniRoute
{
    public Cidr Destination { get; set; }

    /// <summary>Gets or sets the next hop; null for the gateway of the address of the same family.</summary>
    public IpAddress? Gateway { get; set; }

    /// <summary>Gets or sets the MTU in bytes.</summary>
    public int? Mtu { get; set; }

    /// <summary>Gets or sets the TCP segment size to announce, in bytes.</summary>
    public int? AdvertisedMss { get; set; }

    public int? Priority { get; set; }

    public int? Table { get; set; }

    public int? Scope { get; set; }

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

/// <summary>Name servers for the container; passed on, never used by us.</summary>
public sealed class CniDns
{
    public IReadOnlyList<string> Nameservers { get; set; } = [];

    public string? Domain { get; set; }

    public IReadOnlyList<string> Search { get; set; } = [];

    public IReadOnlyList<string> Options { get; set; } = [];

    public bool IsEmpty => Nameservers.Count == 0 && string.IsNullOrEmpty(Domain) && Search.Count == 0 && Options.Count == 0;
}
