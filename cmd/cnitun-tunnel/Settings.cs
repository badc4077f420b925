using System.Globalization;
using System.Text;
using CniTun.Tunnel.Control;
using CniTun.Tunnel.Offloading;

namespace CniTun.Tunnel.Command;

/// <summary>What the command line asks for. A few flags need no library for command lines, which would double the binary's own code.</summary>
internal sealed record Settings
{
    public const string Usage = """
        Usage: cnitun-tunnel [--interface NAME] [--socket PATH] [--listen-port N] [--queues N] [--without LIST] [--no-spin]

        Carries IP packets between a TUN interface and peers, as raw IP in UDP, until SIGTERM or SIGINT.
        Packets are NOT encrypted. Peers are set over the unix socket, with WireGuard's API: see wg(8).

          --interface NAME   the TUN interface to create (default cnitun-tun0)
          --socket PATH      the unix socket (default /var/run/wireguard/NAME.sock, where wg looks for it)
          --listen-port N    the UDP port; 0 lets the kernel choose (default 6080)
          --queues N         packet threads, 1 to 16 (default: one for every 4 processors, at most 4)
          --without LIST     offloads not to use: udp-gso, udp-gro, tun-tso, tun-uso, tun-tcp-gro, tun-udp-gro
          --no-spin          sleep at once when there is no packet: less processor time, more latency
          --version          print the version
          --help             print this

        Bring the interface up, set its MTU and add routes with ip(8), or leave that to cnitun-agent.
        """;

    // What struct sockaddr_un holds, without its NUL.
    private const int MaxSocketPathBytes = 107;
    private const int MaxInterfaceNameBytes = 15;

    public TunnelOptions Tunnel { get; init; } = new()
    {
        Interface = "cnitun-tun0",

        // What IANA assigned to GUE, whose variant 1 is raw IP in UDP.
        ListenPort = 6080,
        Queues = Math.Clamp(Environment.ProcessorCount / 4, 1, 4),
    };

    public string? Socket { get; init; }

    public bool Help { get; init; }

    public bool Version { get; init; }

    public string SocketPath => Socket ?? $"/var/run/wireguard/{Tunnel.Interface}.sock";

    /// <summary>Reads "--flag value" and "--flag=value".</summary>
    /// <returns>What is wrong, in words for the operator; null if nothing is.</returns>
    public static string? TryParse(IReadOnlyList<string> arguments, out Settings settings)
    {
        settings = new Settings();
        for (var i = 0; i < arguments.Count; i++)
        {
            var equals = arguments[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? arguments[i] : arguments[i][..equals];
            if (equals < 0 && TrySwitch(ref settings, flag))
            {
                continue;
            }

            if (flag is not ("--interface" or "--socket" or "--listen-port" or "--queues" or "--without"))
            {
                return $"unknown argument '{arguments[i]}'; see --help";
            }

            if (equals < 0 && i + 1 == arguments.Count)
            {
                return $"{flag} needs a value; see --help";
            }

            var value = equals < 0 ? arguments[++i] : arguments[i][(equals + 1)..];
            if (TryApply(ref settings, flag, value) is { } wrong)
            {
                return wrong;
            }
        }

        return Encoding.UTF8.GetByteCount(settings.SocketPath) <= MaxSocketPathBytes
            ? null
            : $"--socket {settings.SocketPath}: longer than {MaxSocketPathBytes} bytes";
    }

    private static bool TrySwitch(ref Settings settings, string flag)
    {
        switch (flag)
        {
            case "--help" or "-h":
                settings = settings with { Help = true };
                return true;
            case "--version":
                settings = settings with { Version = true };
                return true;
            case "--no-spin":
                settings = settings with { Tunnel = settings.Tunnel with { Spins = false } };
                return true;
            default:
                return false;
        }
    }

    private static string? TryApply(ref Settings settings, string flag, string value)
    {
        var tunnel = settings.Tunnel;
        switch (flag)
        {
            case "--interface" when IsInterfaceName(value):
                settings = settings with { Tunnel = tunnel with { Interface = value } };
                return null;
            case "--interface":
                return $"--interface '{value}': not the name of an interface (1 to {MaxInterfaceNameBytes} bytes; no slash, colon, percent sign or white space)";
            case "--socket" when Path.IsPathFullyQualified(value):
                settings = settings with { Socket = value };
                return null;
            case "--socket":
                return $"--socket '{value}': not an absolute path";
            case "--queues":
                var isCount = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= TunnelOptions.MaxQueues;
                settings = settings with { Tunnel = tunnel with { Queues = count } };
                return isCount ? null : $"--queues '{value}': not a number from 1 to {TunnelOptions.MaxQueues}";
            case "--without":
                return TryApplyWithout(ref settings, value);
            default:
                var valid = ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port);
                settings = settings with { Tunnel = tunnel with { ListenPort = port } };
                return valid ? null : $"--listen-port '{value}': not a port (0 to 65535)";
        }
    }

    private static string? TryApplyWithout(ref Settings settings, string list)
    {
        var kinds = Enum.GetValues<OffloadKind>();
        var without = new List<OffloadKind>(settings.Tunnel.Without);
        foreach (var name in list.Split(','))
        {
            var index = Array.FindIndex(kinds, kind => string.Equals(Offloads.Name(kind), name, StringComparison.Ordinal));
            if (index < 0)
            {
                return $"--without '{name}': not an offload; they are {string.Join(", ", kinds.Select(Offloads.Name))}";
            }

            without.Add(kinds[index]);
        }

        settings = settings with { Tunnel = settings.Tunnel with { Without = without } };
        return null;
    }

    /// <summary>As the kernel's dev_valid_name, and no pattern for the kernel to fill in.</summary>
    private static bool IsInterfaceName(string name) =>
        name is not ("" or "." or "..")
        && Encoding.UTF8.GetByteCount(name) <= MaxInterfaceNameBytes
        && !name.Any(c => c is '/' or ':' or '%' or '\0' || char.IsWhiteSpace(c));
}
