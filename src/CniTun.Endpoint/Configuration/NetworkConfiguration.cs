using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>The plugin's configuration as it is written: the keys of the reference bridge plugin, unchecked. See docs/cni.md.</summary>
internal sealed class NetworkConfiguration
{
    public string? Bridge { get; set; }

    public bool IsGateway { get; set; }

    public bool IsDefaultGateway { get; set; }

    public bool ForceAddress { get; set; }

    public bool IpMasq { get; set; }

    public string? IpMasqBackend { get; set; }

    public int Mtu { get; set; }

    public bool HairpinMode { get; set; }

    public bool PromiscMode { get; set; }

    public int Vlan { get; set; }

    public IReadOnlyList<VlanRange> VlanTrunk { get; set; } = [];

    public bool PreserveDefaultVlan { get; set; } = true;

    public bool MacSpoofCheck { get; set; }

    public bool EnableDad { get; set; }

    public bool DisableContainerInterface { get; set; }

    public bool PortIsolation { get; set; }

    /// <summary>Gets or sets where leases and attachments are noted; a key of ours.</summary>
    public string? DataDir { get; set; }

    /// <summary>Gets or sets the file that diagnostics are appended to; a key of ours.</summary>
    public string? LogFile { get; set; }

    public IpamConfiguration Ipam { get; set; } = new();

    public CniDns? Dns { get; set; }

    public CniResult? PrevResult { get; set; }

    /// <summary>Gets or sets what the runtime asks for by capabilities.</summary>
    public RequestedAddresses RuntimeConfig { get; set; } = new();

    /// <summary>Gets or sets what the configuration itself asks for in <c>args.cni</c>.</summary>
    public RequestedAddresses Args { get; set; } = new();

    /// <summary>Gets or sets the attachments that GC shall keep; null if they are not listed at all.</summary>
    public IReadOnlyList<ValidAttachment>? ValidAttachments { get; set; }
}

/// <summary>One entry of <c>vlanTrunk</c>: the VLANs from one id to another, both included.</summary>
internal sealed class VlanRange
{
    public int? MinimumId { get; set; }

    public int? MaximumId { get; set; }

    public int? Id { get; set; }
}

/// <summary>The <c>ipam</c> section: the keys of host-local. Another type's own keys are for its plugin.</summary>
internal sealed class IpamConfiguration
{
    public string Type { get; set; } = string.Empty;

    /// <summary>Gets or sets the short form of one range set with one range.</summary>
    public RangeConfiguration Range { get; set; } = new();

    /// <summary>Gets or sets the range sets, from each of which an attachment gets an address.</summary>
    public IReadOnlyList<IReadOnlyList<RangeConfiguration>> Ranges { get; set; } = [];

    public IReadOnlyList<CniRoute> Routes { get; set; } = [];

    public string? DataDir { get; set; }

    public string? ResolvConf { get; set; }

    /// <summary>Gets or sets a directory of host-local whose addresses are taken over; a key of ours.</summary>
    public string? ImportDir { get; set; }
}

/// <summary>One range as it is written.</summary>
internal sealed class RangeConfiguration
{
    public Cidr? Subnet { get; set; }

    public IpAddress? RangeStart { get; set; }

    public IpAddress? RangeEnd { get; set; }

    public IpAddress? Gateway { get; set; }
}

/// <summary>Addresses that are asked for by name.</summary>
internal sealed class RequestedAddresses
{
    public string? Mac { get; set; }

    public IReadOnlyList<string> Ips { get; set; } = [];

    public IReadOnlyList<IReadOnlyList<RangeConfiguration>> IpRanges { get; set; } = [];
}

/// <summary>An attachment that GC shall keep.</summary>
internal sealed class ValidAttachment
{
    public string ContainerId { get; set; } = string.Empty;

    public string InterfaceName { get; set; } = string.Empty;
}
