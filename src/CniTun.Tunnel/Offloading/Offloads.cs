using CniTun.Linux;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Offloading;

/// <summary>Which offloads are on, and why the others are not. Read by packet threads; what one of them finds refused is off for all.</summary>
public sealed class Offloads
{
    private readonly string?[] reasons = new string?[Enum.GetValues<OffloadKind>().Length];
    private int refused;

    /// <summary>Told, on any thread, of each that goes off by itself, once.</summary>
    public Action<OffloadKind, string>? OnRefused { get; init; }

    /// <summary>Gets a value indicating whether it is on.</summary>
    public bool this[OffloadKind kind] => Volatile.Read(ref reasons[(int)kind]) is null;

    /// <summary>Gets how many went off by themselves.</summary>
    public int Refused => Volatile.Read(ref refused);

    /// <summary>Gets what the TUN is told that its reader does.</summary>
    public TunOffloads Tun =>
        (this[OffloadKind.TunTso] ? TunOffloads.Checksum | TunOffloads.Tso4 | TunOffloads.Tso6 | TunOffloads.TsoEcn : TunOffloads.None)
        | (this[OffloadKind.TunUso] ? TunOffloads.Checksum | TunOffloads.Uso4 | TunOffloads.Uso6 : TunOffloads.None);

    /// <summary>Gets the name that flags and status know it by.</summary>
    public static string Name(OffloadKind kind) => kind switch
    {
        OffloadKind.UdpGso => "udp-gso",
        OffloadKind.UdpGro => "udp-gro",
        OffloadKind.TunTso => "tun-tso",
        OffloadKind.TunUso => "tun-uso",
        OffloadKind.TunTcpGro => "tun-tcp-gro",
        _ => "tun-udp-gro",
    };

    /// <summary>Says how it is: "on", or "off" with the reason.</summary>
    public string State(OffloadKind kind) => Volatile.Read(ref reasons[(int)kind]) is { } reason ? $"off({reason})" : "on";

    /// <summary>Switches it off because the operator said so.</summary>
    public void SwitchOff(OffloadKind kind) => Interlocked.CompareExchange(ref reasons[(int)kind], "flag", null);

    /// <summary>Switches it off because the kernel refused it or did it wrongly.</summary>
    /// <param name="kind">If it is off already, nothing happens.</param>
    /// <param name="errno">What the kernel said; 0 if it did something else than was asked.</param>
    public void Refuse(OffloadKind kind, int errno)
    {
        var reason = errno == 0 ? "wrong-result" : Errno.Describe(errno).Split(' ')[0];
        if (Interlocked.CompareExchange(ref reasons[(int)kind], reason, null) is null)
        {
            Interlocked.Increment(ref refused);
            OnRefused?.Invoke(kind, reason);
        }
    }
}

/// <summary>What the kernel can do for many packets at once. Each can be off alone, and everything works without any.</summary>
public enum OffloadKind
{
    /// <summary>One send becomes many datagrams (UDP_SEGMENT, Linux 4.18).</summary>
    UdpGso,

    /// <summary>One receive brings many datagrams (UDP_GRO, Linux 5.0).</summary>
    UdpGro,

    /// <summary>TCP leaves the TUN in superpackets (TUN_F_TSO4, TUN_F_TSO6).</summary>
    TunTso,

    /// <summary>UDP leaves the TUN in superpackets (TUN_F_USO4, TUN_F_USO6, Linux 6.2).</summary>
    TunUso,

    /// <summary>TCP is merged into superpackets before it goes into the TUN.</summary>
    TunTcpGro,

    /// <summary>Likewise UDP (Linux 6.2).</summary>
    TunUdpGro,
}
