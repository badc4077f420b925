namespace CniTun.Agent.Settings;

/// <summary>What the agent was told: defaults, over them the config file, over that the command line.</summary>
public sealed record AgentSettings
{
    /// <summary>Gets the config file that the command line named; null for none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Gets this node's name in the peers file.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>Gets the file that names all nodes; null if nobody said, without which the agent does not run.</summary>
    public string? PeersFile { get; init; }

    /// <summary>Gets the directory of what must survive a reboot: the node's private key.</summary>
    public string StateDir { get; init; } = "/var/lib/cnitun";

    /// <summary>Gets the network's name in the CNI config.</summary>
    public string Network { get; init; } = "cnitun";

    /// <summary>Gets the bridge that the plugin puts pods on.</summary>
    public string Bridge { get; init; } = "cnitun-br0";

    public string TunnelInterface { get; init; } = "cnitun-tun0";

    /// <summary>Gets the unix socket on which the tunnel is configured.</summary>
    public string TunnelSocket { get; init; } = "/var/run/wireguard/cnitun-tun0.sock";

    /// <summary>Gets the UDP port that the tunnel listens on.</summary>
    public ushort ListenPort { get; init; } = 6080;

    /// <summary>Gets the MTU of the tunnel and of pods; null to find it out ("auto").</summary>
    public int? MtuBytes { get; init; }

    /// <summary>Gets the CNI config to write, in the directory where runtimes look.</summary>
    public string CniConfigFile { get; init; } = "/etc/cni/net.d/10-cnitun.conflist";

    /// <summary>Gets where the plugin keeps leases.</summary>
    public string IpamDataDir { get; init; } = "/run/cnitun";

    /// <summary>Gets how long what others removed from the host may stay missing.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromSeconds(10);
}
