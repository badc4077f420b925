using System.Globalization;
using System.Text.Json;
using CniTun.Daemon;

namespace CniTun.Agent.Settings;

/// <summary>Every setting, once: the config file, the command line and the help are read off this table.</summary>
public static class SettingTable
{
    public const string ShowKey = "show-key";

    /// <summary>The most that fits into one UDP datagram.</summary>
    internal const int MaxMtuBytes = 65_507;

    /// <summary>The least that IPv4 must carry (RFC 791).</summary>
    private const int MinMtuBytes = 576;

    private const int MaxResyncSeconds = 24 * 60 * 60;

    private const JsonValueKind Text = JsonValueKind.String;
    private const JsonValueKind Number = JsonValueKind.Number;

    public static OptionTable<AgentSettings> Options { get; } = new(
        """
        Keeps this node as the peers file says: configures the tunnel, makes routes to the pods of other nodes, and
        writes the CNI config once pods can be connected.

        Usage:
          cnitun-agent [OPTIONS]            runs until SIGTERM; what it made stays
          cnitun-agent show-key [OPTIONS]   prints this node's public key, making the key pair if it is missing
        """,
        """
        Each option is also a key of the config file: --listen-port 6080 is "listenPort": 6080.
        Exit codes: 0 after SIGTERM or SIGINT, 1 if the node cannot be served, 2 for a mistake in the options.
        """,
        verbs: [ShowKey],
        new("config", "FILE", "a JSON object of settings; the options below win over it",
            static (settings, value) => settings with { ConfigFile = value }),
        new("nodeName", "NAME", "this node's name in the peers file (default: the host name)",
            static (settings, value) => settings with { NodeName = NotEmpty(value) }, Text),
        new("peersFile", "FILE", "the nodes of the network, watched for changes (required)",
            static (settings, value) => settings with { PeersFile = OptionValue.AbsolutePath(value) }, Text),
        new("stateDir", "DIR", "where the node's private key is kept (/var/lib/cnitun)",
            static (settings, value) => settings with { StateDir = OptionValue.AbsolutePath(value) }, Text),
        new("network", "NAME", "the network's name in the CNI config (cnitun)",
            static (settings, value) => settings with { Network = NetworkName(value) }, Text),
        new("bridge", "INTERFACE", "the bridge that the plugin puts pods on (cnitun-br0)",
            static (settings, value) => settings with { Bridge = OptionValue.InterfaceName(value) }, Text),
        new("tunnelInterface", "INTERFACE", "the tunnel's interface (cnitun-tun0)",
            static (settings, value) => settings with { TunnelInterface = OptionValue.InterfaceName(value) }, Text),
        new("tunnelSocket", "PATH", "the tunnel's unix socket (/var/run/wireguard/cnitun-tun0.sock)",
            static (settings, value) => settings with { TunnelSocket = OptionValue.SocketPath(value) }, Text),
        new("listenPort", "PORT", "the UDP port that the tunnel listens on (6080)",
            static (settings, value) => settings with { ListenPort = (ushort)OptionValue.WholeNumber(value, 1, ushort.MaxValue) }, Number),
        new("mtu", "BYTES|auto", "the MTU of tunnel and pods, 576 to 65507; auto: what this host lets out to other nodes (auto)",
            static (settings, value) => settings with { MtuBytes = Mtu(value) }, Text, Number),
        new("cniConfigFile", "FILE", "the CNI config to write (/etc/cni/net.d/10-cnitun.conflist)",
            static (settings, value) => settings with { CniConfigFile = ConfigListPath(value) }, Text),
        new("ipamDataDir", "DIR", "where the plugin keeps leases (/run/cnitun)",
            static (settings, value) => settings with { IpamDataDir = OptionValue.AbsolutePath(value) }, Text),
        new("resyncSeconds", "SECONDS", "how often the host is put right if nothing changed (10)",
            static (settings, value) => settings with { Resync = TimeSpan.FromSeconds(OptionValue.WholeNumber(value, 1, MaxResyncSeconds)) }, Number));

    private static string NotEmpty(string value) =>
        value.Length > 0 ? value : throw new OperatorException("must not be empty");

    private static string ConfigListPath(string value) =>
        OptionValue.AbsolutePath(value).EndsWith(".conflist", StringComparison.Ordinal)
            ? value
            : throw new OperatorException($"'{value}' does not end in .conflist, by which runtimes know what it holds");

    /// <summary>A network's name as the CNI specification has it: it becomes part of file names.</summary>
    private static string NetworkName(string value) =>
        value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-')
            ? value
            : throw new OperatorException($"'{value}' is not a network name: letters, digits, '_', '.' and '-', the first a letter or digit");

    private static int? Mtu(string value) =>
        value == "auto" ? null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? OptionValue.WholeNumber(value, MinMtuBytes, MaxMtuBytes)
        : throw new OperatorException($"'{value}' is neither auto nor a number of bytes");
}
