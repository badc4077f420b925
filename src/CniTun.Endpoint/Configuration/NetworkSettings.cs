using System.Globalization;
using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>The plugin's configuration, checked and with its defaults: whoever has one need not look again.</summary>
internal sealed class NetworkSettings
{
    public const string DefaultBridge = "cni0";
    private const int LongestInterfaceName = 15;
    private const int SmallestMtuBytes = 68;
    private const int LargestMtuBytes = 65535;
    private const ulong GroupBit = 1UL << 40;

    public required string Name { get; init; }

    /// <summary>Gets the bridge's name: a valid interface name.</summary>
    public required string Bridge { get; init; }

    public bool IsGateway { get; init; }

    public bool IsDefaultGateway { get; init; }

    /// <summary>Gets a value indicating whether other addresses of the bridge give way to ours.</summary>
    public bool ForceAddress { get; init; }

    public bool Masquerade { get; init; }

    /// <summary>Gets a value indicating whether the container may send from its own Ethernet address only.</summary>
    public bool CheckSpoofing { get; init; }

    public bool NeedsFirewall => Masquerade || CheckSpoofing;

    public bool Hairpin { get; init; }

    public bool Promiscuous { get; init; }

    public bool IsolatePorts { get; init; }

    public bool DetectDuplicates { get; init; }

    /// <summary>Gets the VLANs of the container's port; null for a bridge that does not look at VLANs.</summary>
    public PortVlans? Vlans { get; init; }

    /// <summary>Gets the name of the host's end in the containers' VLAN; null if the bridge itself is their gateway, or nothing is.</summary>
    public string? VlanGateway { get; init; }

    /// <summary>Gets a value indicating whether the container's end stays down and without addresses.</summary>
    public bool DisableContainerInterface { get; init; }

    /// <summary>Gets the MTU of bridge and veth; 0 for the kernel's default.</summary>
    public int MtuBytes { get; init; }

    /// <summary>Gets a value indicating whether the addresses come from our own leases.</summary>
    public bool LeasesAddresses { get; init; }

    /// <summary>Gets where leases and attachments are noted.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Gets the container's Ethernet address if one was asked for.</summary>
    public MacAddress? Mac { get; init; }

    public CniDns? Dns { get; init; }

    /// <summary>Checks everything that can be checked without the kernel and without IPAM.</summary>
    /// <exception cref="CniException">Code 7: a value that cannot work.</exception>
    public static NetworkSettings From(CniRequest request, NetworkConfiguration configuration)
    {
        if (configuration is { HairpinMode: true, PromiscMode: true })
        {
            throw Invalid("hairpinMode and promiscMode are both on", "choose one: they do the same in two ways");
        }

        if (configuration is { DisableContainerInterface: true, Ipam.Type.Length: > 0 })
        {
            throw Invalid("disableContainerInterface is on and ipam has a type", "an interface that is down has no address: remove one of the two");
        }

        CheckIpamType(configuration.Ipam.Type);
        var vlans = PortVlans.Read(configuration);
        var bridge = CheckedBridge(configuration.Bridge ?? DefaultBridge);
        return new NetworkSettings
        {
            Name = request.NetworkName,
            Bridge = bridge,
            VlanGateway = GatewayOfVlan(configuration, bridge),
            IsGateway = configuration.IsGateway || configuration.IsDefaultGateway,
            IsDefaultGateway = configuration.IsDefaultGateway,
            ForceAddress = configuration.ForceAddress,
            Masquerade = configuration.IpMasq,
            CheckSpoofing = configuration.MacSpoofCheck,
            Hairpin = configuration.HairpinMode,
            Promiscuous = configuration.PromiscMode,
            IsolatePorts = configuration.PortIsolation,
            DetectDuplicates = configuration.EnableDad,
            Vlans = vlans,
            DisableContainerInterface = configuration.DisableContainerInterface,
            MtuBytes = CheckedMtu(configuration.Mtu),
            LeasesAddresses = configuration.Ipam.Type is "cnitun",
            DataDirectory = DataDirectoryOf(configuration),
            Mac = RequestedMac(request.Arguments, configuration),
            Dns = configuration.Dns,
        };
    }

    /// <summary>Gets where the leases lie, from a configuration that need not be right otherwise: enough for DEL.</summary>
    public static string DataDirectoryOf(NetworkConfiguration configuration)
    {
        var directory = configuration.DataDir ?? (configuration.Ipam.Type is "" or "cnitun" ? configuration.Ipam.DataDir : null) ?? "/run/cnitun";
        return directory.StartsWith('/')
            && !directory.Contains('\0', StringComparison.Ordinal)
            && Array.IndexOf(directory.Split('/'), "..") < 0
                ? directory.TrimEnd('/')
                : throw Invalid($"dataDir '{directory}' is not an absolute path", "write it from the root, without '..'");
    }

    private static string? GatewayOfVlan(NetworkConfiguration configuration, string bridge)
    {
        if (configuration is { Vlan: 0 } or { IsGateway: false, IsDefaultGateway: false })
        {
            return null;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{bridge}.{configuration.Vlan}");
        return System.Text.Encoding.UTF8.GetByteCount(name) <= LongestInterfaceName
            ? name
            : throw Invalid($"bridge '{bridge}' is too long for a gateway in a VLAN", $"{name} would be an interface, and has more than {LongestInterfaceName} bytes");
    }

    /// <summary>What the runtime asks for comes before what the configuration says, and that before CNI_ARGS.</summary>
    private static MacAddress? RequestedMac(CniArguments arguments, NetworkConfiguration configuration)
    {
        arguments.Extra.TryGetValue("MAC", out var fromArguments);
        var text = FirstNonEmpty(configuration.RuntimeConfig.Mac, configuration.Args.Mac, fromArguments);
        return text is null ? null
            : MacAddress.TryParse(text, out var mac) && mac.Value != 0 && (mac.Value & GroupBit) == 0 ? mac
            : throw Invalid($"'{text}' is not the Ethernet address of an interface", "write six pairs of hexadecimal digits with colons between");
    }

    private static string? FirstNonEmpty(params string?[] texts) => Array.Find(texts, text => !string.IsNullOrEmpty(text));

    private static void CheckIpamType(string type)
    {
        if (type is "." or ".." || type.Any(c => c is '/' || char.IsControl(c)))
        {
            throw Invalid($"ipam.type '{type}' is not the name of a plugin", "it is the name of a file in CNI_PATH, without a directory");
        }
    }

    private static string CheckedBridge(string name) =>
        name.Length == 0 || name is "." or ".." or "all" or "default"
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
