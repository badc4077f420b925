using CniTun.Cni;
using CniTun.Ipam;

namespace CniTun.Endpoint;

/// <summary>The plugin's configuration, checked and with its defaults: whoever has one need not look again.</summary>
internal sealed class NetworkSettings
{
    private const int LongestInterfaceName = 15;
    private const int SmallestMtuBytes = 68;
    private const int LargestMtuBytes = 65535;

    public required string Name { get; init; }

    /// <summary>Gets the bridge's name: a valid interface name.</summary>
    public required string Bridge { get; init; }

    public bool IsGateway { get; init; }

    public bool IsDefaultGateway { get; init; }

    public bool Hairpin { get; init; }

    public bool Promiscuous { get; init; }

    public bool IsolatePorts { get; init; }

    public bool DetectDuplicates { get; init; }

    /// <summary>Gets the MTU of bridge and veth; 0 for the kernel's default.</summary>
    public int MtuBytes { get; init; }

    /// <summary>Gets where leases lie.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Gets the range sets of the built-in IPAM; empty for a network without addresses.</summary>
    public required IReadOnlyList<RangeSet> RangeSets { get; init; }

    public required IReadOnlyList<CniRoute> Routes { get; init; }

    public CniDns? Dns { get; init; }

    /// <summary>Checks everything that can be checked without the kernel.</summary>
    /// <exception cref="CniException">Code 7: a value that cannot work. Code 2: a key that we do not fulfil.</exception>
    public static NetworkSettings From(string networkName, NetworkConfiguration configuration)
    {
        RefuseUnsupported(configuration);
        if (configuration is { HairpinMode: true, PromiscMode: true })
        {
            throw Invalid("hairpinMode and promiscMode are both on", "choose one: they do the same in two ways");
        }

        return new NetworkSettings
        {
            Name = networkName,
            Bridge = CheckedBridge(configuration.Bridge ?? "cni0"),
            IsGateway = configuration.IsGateway || configuration.IsDefaultGateway,
            IsDefaultGateway = configuration.IsDefaultGateway,
            Hairpin = configuration.HairpinMode,
            Promiscuous = configuration.PromiscMode,
            IsolatePorts = configuration.PortIsolation,
            DetectDuplicates = configuration.EnableDad,
            MtuBytes = CheckedMtu(configuration.Mtu),
            DataDirectory = DataDirectoryOf(configuration),
            RangeSets = IpamSettings.ReadRangeSets(configuration.Ipam),
            Routes = IpamSettings.ReadRoutes(configuration.Ipam),
            Dns = configuration.Dns,
        };
    }

    /// <summary>Gets where the leases lie, from a configuration that need not be right otherwise: enough for DEL.</summary>
    public static string DataDirectoryOf(NetworkConfiguration configuration)
    {
        var directory = configuration.Ipam?.DataDir ?? "/run/cnitun";
        return directory.StartsWith('/') && !directory.Contains('\0', StringComparison.Ordinal) && !directory.Split('/').Contains("..", StringComparer.Ordinal)
            ? directory.TrimEnd('/')
            : throw Invalid($"ipam.dataDir '{directory}' is not an absolute path", "write it from the root, without '..'");
    }

    private static void RefuseUnsupported(NetworkConfiguration configuration)
    {
        var key = configuration switch
        {
            { IpMasq: true } => "ipMasq: true",
            { Vlan: { } vlan and not 0 } => $"vlan: {vlan}",
            { VlanTrunk.Length: > 0 } => "vlanTrunk",
            { MacSpoofCheck: true } => "macspoofchk: true",
            { DisableContainerInterface: true } => "disableContainerInterface: true",
            _ => null,
        };
        if (key is not null)
        {
            throw new CniException(CniErrorCode.UnsupportedField, $"{key} is not supported", "remove the key; see docs/cni.md for what is supported");
        }
    }

    private static string CheckedBridge(string name) =>
        name.Length == 0 || name is "." or ".."
        || System.Text.Encoding.UTF8.GetByteCount(name) > LongestInterfaceName
        || name.Any(c => c is '/' or ':' or '%' || char.IsWhiteSpace(c) || char.IsControl(c))
            ? throw Invalid($"bridge '{name}' is not an interface name", "it has 1 to 15 bytes and no '/', ':', '%' or white space")
            : name;

    private static int CheckedMtu(int mtuBytes) =>
        mtuBytes is 0 or (>= SmallestMtuBytes and <= LargestMtuBytes)
            ? mtuBytes
            : throw Invalid($"mtu {mtuBytes} is out of range", $"it is 0 for the default, or {SmallestMtuBytes} to {LargestMtuBytes} bytes");

    private static CniException Invalid(string message, string details) => new(CniErrorCode.InvalidNetworkConfig, message, details);
}
