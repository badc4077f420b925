namespace CniTun.Uapi;

/// <summary>What both ends of the UAPI socket agree on (https://www.wireguard.com/xplatform/), and our limits.</summary>
public static class UapiProtocol
{
    /// <summary>The longest request or answer in bytes: room for 8,192 peers and 32,768 prefixes.</summary>
    public const int MaxMessageBytes = 8 << 20;

    /// <summary>The longest "key=value" in bytes; the longest that means something has about 80.</summary>
    public const int MaxLineBytes = 256;

    /// <summary>What our own counters' keys begin with; <c>wg</c> passes over keys that it does not know.</summary>
    internal const string CounterPrefix = "cnitun_";

    /// <summary>The key of an offload, repeated: its name, a space, its state.</summary>
    internal const string OffloadKey = "cnitun_offload";

    // Our own of a peer, behind WireGuard's; each is left out while it is not known.
    internal const string PathMtuKey = "cnitun_path_mtu";
    internal const string PathStateKey = "cnitun_path_state";
    internal const string RoundTripKey = "cnitun_rtt_us";
    internal const string LeastRoundTripKey = "cnitun_rtt_min_us";
    internal const string LossKey = "cnitun_loss_permille";

    // From asm-generic/errno.h: this room does not reference the one that speaks to the kernel.
    internal const int ENOENT = 2;
    internal const int EINVAL = 22;
    internal const int EPROTO = 71;
    internal const int ETIMEDOUT = 110;

    /// <summary>Gets the request for <see cref="DeviceState"/>, with the empty line that ends it.</summary>
    public static ReadOnlySpan<byte> GetRequest => "get=1\n\n"u8;

    /// <summary>Gets what ends a request and an answer: the end of the last line, and an empty line.</summary>
    public static ReadOnlySpan<byte> Terminator => "\n\n"u8;
}
