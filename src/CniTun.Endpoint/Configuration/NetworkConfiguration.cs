using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>The plugin's configuration as it is written: the keys of the reference bridge plugin, unchecked. See docs/cni.md.</summary>
/// <remarks>Fields here and below, as <see cref="ConfigurationReader"/> hands them out to be filled.</remarks>
internal sealed class NetworkConfiguration
{
    public string? Bridge;
    public bool IsGateway;
    public bool IsDefaultGateway;
    public bool ForceAddress;
    public bool IpMasq;
    public string? IpMasqBackend;
    public int? Mtu;
    public bool HairpinMode;
    public bool PromiscMode;
    public int? Vlan;
    public IReadOnlyList<VlanRange>? VlanTrunk;
    public bool PreserveDefaultVlan = true;
    public bool MacSpoofCheck;
    public bool EnableDad;
    public bool DisableContainerInterface;
    public bool PortIsolation;

    /// <summary>Where attachments and leases are noted; a key of ours.</summary>
    public string? DataDir;

    /// <summary>The file that diagnostics are appended to; a key of ours.</summary>
    public string? LogFile;

    public IpamConfiguration Ipam = new();
    public CniDns? Dns;
    public CniResult? PrevResult;

    /// <summary>What the runtime asks for by capabilities.</summary>
    public RequestedAddresses RuntimeConfig = new();

    /// <summary>What the configuration itself asks for in <c>args.cni</c>.</summary>
    public RequestedAddresses Args = new();

    /// <summary>The attachments that GC shall keep; null if they are not listed at all.</summary>
    public IReadOnlyList<ValidAttachment>? ValidAttachments;
}

/// <summary>One entry of <c>vlanTrunk</c>: the VLANs from one id to another, both included.</summary>
internal sealed class VlanRange
{
    public int? MinimumId;
    public int? MaximumId;
    public int? Id;
}

/// <summary>The <c>ipam</c> section: the keys of host-local. Another type's own keys are for its plugin.</summary>
internal sealed class IpamConfiguration
{
    public string? Type = string.Empty;

    /// <summary>The short form of one range set with one range.</summary>
    public RangeConfiguration Range = new();

    /// <summary>The range sets, from each of which an attachment gets an address.</summary>
    public IReadOnlyList<IReadOnlyList<RangeConfiguration>>? Ranges;

    public IReadOnlyList<CniRoute>? Routes;
    public string? DataDir;
    public string? ResolvConf;

    /// <summary>A directory of host-local whose addresses are taken over; a key of ours.</summary>
    public string? ImportDir;
}

/// <summary>One range as it is written.</summary>
internal sealed class RangeConfiguration
{
    public Cidr? Subnet;
    public IpAddress? RangeStart;
    public IpAddress? RangeEnd;
    public IpAddress? Gateway;
}

/// <summary>Addresses that are asked for by name.</summary>
internal sealed class RequestedAddresses
{
    public string? Mac;
    public IReadOnlyList<string>? Ips;
    public IReadOnlyList<IReadOnlyList<RangeConfiguration>>? IpRanges;
}

/// <summary>An attachment that GC shall keep.</summary>
internal sealed record ValidAttachment(string ContainerId, string InterfaceName);
