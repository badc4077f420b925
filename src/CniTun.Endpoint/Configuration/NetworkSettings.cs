using System.Globalization;
using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>The plugin's configuration, checked and with its defaults: whoever has one need not look again.</summary>
internal sealed class NetworkSettings
{
    public const string DefaultBridge = "cni0";
    private const string DefaultDataDirectory = "/run/cnitun";

    // IPv4 needs 68 (RFC 791), and a bridge is made one byte smaller than it will be.
    private const int SmallestMtuBytes = 69;
    private const int SmallestIPv6MtuBytes = 1280;
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

        if (configuration.IpMasqBackend is not (null or "" or "iptables" or "nftables"))
        {
            throw Invalid($"ipMasqBackend '{configuration.IpMasqBackend}' is unknown", "it is iptables or nftables, which are one here: remove the key");
        }

        if (!IsPlugin(configuration.Ipam.Type))
        {
            throw Invalid($"ipam.type '{configuration.Ipam.Type}' is not the name of a plugin", "it is the name of a file in CNI_PATH, without a directory");
        }

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
            MtuBytes = CheckedMtu(configuration.Mtu ?? 0),
            LeasesAddresses = configuration.Ipam.Type is "cnitun",
            DataDirectory = IsDirectory(DataDirectoryAsWritten(configuration))
                ? DataDirectoryOf(configuration)
                : throw Invalid($"dataDir '{DataDirectoryAsWritten(configuration)}' is not an absolute path", "write it from the root, without '..'"),
            Mac = RequestedMac(request.Arguments, configuration),
            Dns = configuration.Dns,
        };
    }

    /// <summary>Gets where the leases lie. What no ADD accepts counts as not said: a DEL with it is of an ADD with another.</summary>
    public static string DataDirectoryOf(NetworkConfiguration configuration) =>
        DataDirectoryAsWritten(configuration) is var directory && IsDirectory(directory) ? directory.TrimEnd('/') : DefaultDataDirectory;

    /// <summary>Tells whether a text may name an IPAM plugin: a file, without a directory.</summary>
    public static bool IsPlugin(string? type) => type is not ("." or "..") && type?.Any(c => c is '/' || char.IsControl(c)) != true;

    /// <summary>Checks what depends on which addresses an attachment gets.</summary>
    /// <param name="request">Says the version.</param>
    /// <param name="configuration">Says the MTU.</param>
    /// <param name="families">For each address whether it is IPv6.</param>
    /// <exception cref="CniException">Code 7: a result of that version cannot say them, or an interface of that MTU cannot have them.</exception>
    public static void CheckAddresses(CniRequest request, NetworkConfiguration configuration, IReadOnlyCollection<bool> families)
    {
        var ipv6 = families.Count(isIPv6 => isIPv6);
        if (request.Version < CniVersion.V0_3_0 && (ipv6 > 1 || families.Count - ipv6 > 1))
        {
            throw Invalid($"cniVersion {request.Version.Text()} has no way to say two addresses of a family", "give each family one range set, or use version 0.3.0 or later");
        }

        if (ipv6 > 0 && configuration.Mtu is > 0 and < SmallestIPv6MtuBytes)
        {
            throw Invalid($"mtu {configuration.Mtu} is too small for IPv6", $"IPv6 needs {SmallestIPv6MtuBytes} bytes: raise mtu, or give no IPv6 addresses");
        }
    }

    private static string DataDirectoryAsWritten(NetworkConfiguration configuration) =>
        FirstNonEmpty(configuration.DataDir, configuration.Ipam.Type is null or "" or "cnitun" ? configuration.Ipam.DataDir : null) ?? DefaultDataDirectory;

    private static bool IsDirectory(string path) =>
        path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal) && Array.IndexOf(path.Split('/'), "..") < 0;

    private static string? GatewayOfVlan(NetworkConfiguration configuration, string bridge)
    {
        if (configuration is { Vlan: null or 0 } or { IsGateway: false, IsDefaultGateway: false })
        {
            return null;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{bridge}.{configuration.Vlan}");
        return System.Text.Encoding.UTF8.GetByteCount(name) <= InterfaceName.LongestBytes
            ? name
            : throw Invalid($"bridge '{bridge}' is too long for a gateway in a VLAN", $"{name} would be an interface, and has more than {InterfaceName.LongestBytes} bytes");
    }

    /// <summary>What the runtime asks for comes before what the configuration says, and that before CNI_ARGS.</summary>
    private static MacAddress? RequestedMac(CniArguments arguments, NetworkConfiguration configuration)
    {
        arguments.Extra.TryGetValue("MAC", out var fromArguments);
        var text = FirstNonEmpty(configuration.RuntimeConfig.Mac, configuration.Args.Mac, fromArguments);
        return text is null ? null
            : MacAddress.TryParse(text, out var mac) && mac.Value != 0 && (mac.Value & GroupBit) == 0 ? mac
            : throw Invalid($"'{text}' is not the Ethernet address of an interface", "write six pairs of hexadecimal digits with colons between, the first of them even");
    }

    private static string? FirstNonEmpty(params string?[] texts) => Array.Find(texts, text => !string.IsNullOrEmpty(text));

    private static string CheckedBridge(string name) =>
        InterfaceName.IsValidForNew(name)
            ? name
            : throw Invalid($"bridge '{name}' is not an interface name", "it has 1 to 15 bytes and no '/', ':', '%' or white space");

    private static int CheckedMtu(int mtuBytes) =>
        mtuBytes is 0 or (>= SmallestMtuBytes and <= LargestMtuBytes)
            ? mtuBytes
            : throw Invalid($"mtu {mtuBytes} is out of range", $"it is 0 for the default, or {SmallestMtuBytes} to {LargestMtuBytes} bytes");

    private static CniException Invalid(string message, string details) => new(CniErrorCode.InvalidNetworkConfig, message, details);
}
