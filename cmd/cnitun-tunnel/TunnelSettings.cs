using CniTun.Daemon;
using CniTun.Tunnel.Control;
using CniTun.Tunnel.Offloading;

namespace CniTun.Tunnel.Command;

/// <summary>What the command line asks for.</summary>
internal sealed record TunnelSettings
{
    public static OptionTable<TunnelSettings> Options { get; } = new(
        """
        Carries IP packets between a TUN interface and peers, as raw IP in UDP, until SIGTERM or SIGINT.
        Packets are NOT encrypted. Peers are set over the unix socket, with WireGuard's API: see wg(8).

        Usage:
          cnitun-tunnel [OPTIONS]
        """,
        "Bring the interface up, set its MTU and add routes with ip(8), or leave that to cnitun-agent.",
        verbs: [],
        new("interface", "NAME", "the TUN interface to create (cnitun-tun0)",
            static (settings, value) => settings with { Tunnel = settings.Tunnel with { Interface = OptionValue.InterfaceName(value) } }),
        new("socket", "PATH", "the unix socket (/var/run/wireguard/INTERFACE.sock, where wg looks for it)",
            static (settings, value) => settings with { Socket = OptionValue.SocketPath(value) }),
        new("listenPort", "PORT", "the UDP port; 0 lets the kernel choose (6080)",
            static (settings, value) => settings with { Tunnel = settings.Tunnel with { ListenPort = (ushort)OptionValue.WholeNumber(value, 0, ushort.MaxValue) } }),
        new("queues", "N", "packet threads, 1 to 16 (one for every 4 processors, at most 4)",
            static (settings, value) => settings with { Tunnel = settings.Tunnel with { Queues = OptionValue.WholeNumber(value, 1, TunnelOptions.MaxQueues) } }),
        new("without", "LIST", "offloads not to use: udp-gso, udp-gro, tun-tso, tun-uso, tun-tcp-gro, tun-udp-gro",
            static (settings, value) => settings with { Tunnel = settings.Tunnel with { Without = [.. settings.Tunnel.Without, .. value.Split(',').Select(Offload)] } }),
        new("noSpin", null, "sleep at once when there is no packet: less processor time, more latency",
            static (settings, _) => settings with { Tunnel = settings.Tunnel with { Spins = false } }));

    public TunnelOptions Tunnel { get; init; } = new()
    {
        Interface = "cnitun-tun0",

        // What IANA assigned to GUE, whose variant 1 is raw IP in UDP.
        ListenPort = 6080,
        Queues = Math.Clamp(Environment.ProcessorCount / 4, 1, 4),
    };

    public string? Socket { get; init; }

    public string SocketPath => Socket ?? $"/var/run/wireguard/{Tunnel.Interface}.sock";

    private static OffloadKind Offload(string name)
    {
        var kinds = Enum.GetValues<OffloadKind>();
        var index = Array.FindIndex(kinds, kind => string.Equals(Offloads.Name(kind), name, StringComparison.Ordinal));
        return index >= 0
            ? kinds[index]
            : throw new OperatorException($"'{name}' is not an offload; they are {string.Join(", ", kinds.Select(Offloads.Name))}");
    }
}
