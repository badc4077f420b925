using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CniTun.Agent.Settings;

/// <summary>Every setting, once: the config file, the command line and the help are read off this table.</summary>
internal static class SettingTable
{
    /// <summary>The least that IPv4 must carry (RFC 791), and the most that one UDP datagram can.</summary>
    private const int MinMtuBytes = 576;
    private const int MaxMtuBytes = 65_507;

    private const int MaxResyncSeconds = 24 * 60 * 60;

    private static readonly JsonValueKind[] Text = [JsonValueKind.String];
    private static readonly JsonValueKind[] Number = [JsonValueKind.Number];
    private static readonly JsonValueKind[] TextOrNumber = [JsonValueKind.String, JsonValueKind.Number];

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("nodeName", "NAME", "this node's name in the peers file (default: the host name)", Text,
            static (settings, value) => settings with { NodeName = NotEmpty(value) }),
        new("peersFile", "FILE", "the nodes of the network, watched for changes (required)", Text,
            static (settings, value) => settings with { PeersFile = AbsolutePath(value) }),
        new("stateDir", "DIR", "where the node's private key is kept (/var/lib/cnitun)", Text,
            static (settings, value) => settings with { StateDir = AbsolutePath(value) }),
        new("network", "NAME", "the network's name in the CNI config (cnitun)", Text,
            static (settings, value) => settings with { Network = NetworkName(value) }),
        new("bridge", "INTERFACE", "the bridge that the plugin puts pods on (cnitun-br0)", Text,
            static (settings, value) => settings with { Bridge = InterfaceName(value) }),
        new("tunnelInterface", "INTERFACE", "the tunnel's interface (cnitun-tun0)", Text,
            static (settings, value) => settings with { TunnelInterface = InterfaceName(value) }),
        new("tunnelSocket", "PATH", "the tunnel's unix socket (/var/run/wireguard/cnitun-tun0.sock)", Text,
            static (settings, value) => settings with { TunnelSocket = SocketPath(value) }),
        new("listenPort", "PORT", "the UDP port that the tunnel listens on (6080)", Number,
            static (settings, value) => settings with { ListenPort = (ushort)Integer(value, 1, ushort.MaxValue) }),
        new("mtu", "BYTES|auto", "the MTU of tunnel and pods; auto: what the paths to all nodes carry (auto)", TextOrNumber,
            static (settings, value) => settings with { MtuBytes = Mtu(value) }),
        new("cniConfigFile", "FILE", "the CNI config to write (/etc/cni/net.d/10-cnitun.conflist)", Text,
            static (settings, value) => settings with { CniConfigFile = ConfigListPath(value) }),
        new("ipamDataDir", "DIR", "where the plugin keeps leases (/run/cnitun)", Text,
            static (settings, value) => settings with { IpamDataDir = AbsolutePath(value) }),
        new("resyncSeconds", "SECONDS", "how often the host is put right if nothing changed (10)", Number,
            static (settings, value) => settings with { Resync = TimeSpan.FromSeconds(Integer(value, 1, MaxResyncSeconds)) }),
    ];

    private static string NotEmpty(string value) =>
        value.Length > 0 ? value : throw new AgentException("must not be empty");

    private static string AbsolutePath(string value) =>
        value.StartsWith('/') && !value.Contains('\0', StringComparison.Ordinal)
            ? value
            : throw new AgentException($"'{value}' is not an absolute path");

    /// <summary>A unix socket's path has 108 bytes with its NUL (unix(7)).</summary>
    private static string SocketPath(string value) =>
        Encoding.UTF8.GetByteCount(AbsolutePath(value)) < 108 ? value : throw new AgentException($"'{value}' has more than 107 bytes");

    private static string ConfigListPath(string value) =>
        AbsolutePath(value).EndsWith(".conflist", StringComparison.Ordinal)
            ? value
            : throw new AgentException($"'{value}' does not end in .conflist, by which runtimes know what it holds");

    /// <summary>A network's name as the CNI specification has it: it becomes part of file names.</summary>
    private static string NetworkName(string value) =>
        value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-')
            ? value
            : throw new AgentException($"'{value}' is not a network name: letters, digits, '_', '.' and '-', the first a letter or digit");

    private static string InterfaceName(string value) =>
        Addresses.InterfaceName.IsValidForNew(value)
            ? value
            : throw new AgentException($"'{value}' is not an interface name: 1 to 15 bytes without '/', ':', '%' and white space");

    private static int? Mtu(string value) =>
        value == "auto" ? null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? Integer(value, MinMtuBytes, MaxMtuBytes)
        : throw new AgentException($"'{value}' is neither auto nor a number of bytes");

    private static int Integer(string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new AgentException($"{value} is not a whole number from {least} to {most}");
}
