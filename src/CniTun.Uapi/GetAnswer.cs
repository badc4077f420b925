using System.Globalization;
using System.Text;
using CniTun.Addresses;

namespace CniTun.Uapi;

/// <summary>The text that answers <c>get=1</c>; a <c>set=1</c> is answered by its errno alone.</summary>
public static class GetAnswer
{
    private const string NoKey = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Writes the answer with the empty line that ends it.</summary>
    public static string Format(DeviceState device)
    {
        var text = new StringBuilder();
        if (device.PrivateKey is { } privateKey)
        {
            text.Append(CultureInfo.InvariantCulture, $"private_key={privateKey.ToHex()}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"listen_port={device.ListenPort}\nfwmark={device.Fwmark}\n");
        foreach (var counter in device.Counters)
        {
            text.Append(CultureInfo.InvariantCulture, $"{UapiProtocol.CounterPrefix}{counter.Name}={counter.Value}\n");
        }

        foreach (var offload in device.Offloads)
        {
            text.Append(CultureInfo.InvariantCulture, $"{UapiProtocol.OffloadKey}={offload.Name} {offload.State}\n");
        }

        foreach (var peer in device.Peers)
        {
            Append(text, peer);
            AppendPath(text, peer);
        }

        return text.Append(FormatErrno(0)).ToString();
    }

    /// <summary>Writes an answer that holds nothing but how the request ended.</summary>
    /// <param name="errno">0, or a positive error number.</param>
    public static string FormatErrno(int errno) => string.Create(CultureInfo.InvariantCulture, $"errno={errno}\n\n");

    /// <summary>Reads an answer to either request. Keys that we do not know are passed over: a newer tunnel may send them.</summary>
    /// <param name="message">Up to and with the empty line.</param>
    /// <param name="device">The tunnel's state; empty if the request was a <c>set=1</c> or was refused.</param>
    /// <returns>0, or the errno that the answer holds; EPROTO if it is no answer.</returns>
    public static int TryParse(ReadOnlySpan<byte> message, out DeviceState device)
    {
        device = new DeviceState();
        var draft = device;
        var peers = new List<PeerDraft>();
        var counters = new List<Counter>();
        var offloads = new List<Offload>();
        int? errno = null;
        var lines = new UapiLines(message);
        while (lines.Next(out var key, out var value))
        {
            var valid = key switch
            {
                "errno" => TryParseErrno(value, ref errno),
                "public_key" => PeerDraft.TryBegin(value, peers),
                _ when peers.Count > 0 => peers[^1].TryApply(key, value),
                UapiProtocol.OffloadKey => TryAddOffload(value, offloads),
                _ => TryApply(ref draft, counters, key, value),
            };
            if (!valid)
            {
                return UapiProtocol.EPROTO;
            }
        }

        if (!lines.EndedWell || errno is null)
        {
            return UapiProtocol.EPROTO;
        }

        device = draft with { Peers = [.. peers.Select(peer => peer.Finish())], Counters = counters, Offloads = offloads };
        return errno.Value;
    }

    private static bool TryParseErrno(string value, ref int? errno)
    {
        var valid = UapiLines.TryParse<int>(value, out var number);
        errno = number;
        return valid;
    }

    private static bool TryAddOffload(string value, List<Offload> offloads)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || space == value.Length - 1)
        {
            return false;
        }

        offloads.Add(new Offload(value[..space], value[(space + 1)..]));
        return true;
    }

    private static bool TryApply(ref DeviceState device, List<Counter> counters, string key, string value)
    {
        switch (key)
        {
            case "private_key":
                var keyIsValid = SecretKey.TryParseHex(value, out var privateKey);
                device = device with { PrivateKey = privateKey.IsZero ? null : privateKey };
                return keyIsValid;
            case "listen_port":
                var portIsValid = UapiLines.TryParse<ushort>(value, out var port);
                device = device with { ListenPort = port };
                return portIsValid;
            case "fwmark":
                var markIsValid = UapiLines.TryParse<uint>(value, out var mark);
                device = device with { Fwmark = mark };
                return markIsValid;
            case not null when key.StartsWith(UapiProtocol.CounterPrefix, StringComparison.Ordinal):
                var countIsValid = UapiLines.TryParse<long>(value, out var count);
                counters.Add(new Counter(key[UapiProtocol.CounterPrefix.Length..], count));
                return countIsValid;
            default:
                return true;
        }
    }

    private static void Append(StringBuilder text, PeerState peer)
    {
        text.Append(CultureInfo.InvariantCulture, $"public_key={peer.PublicKey.ToHex()}\npreshared_key={NoKey}\nprotocol_version=1\n");
        if (peer.Endpoint is { } endpoint)
        {
            text.Append(CultureInfo.InvariantCulture, $"endpoint={endpoint}\n");
        }

        var handshake = peer.LastHandshake is { } time ? time - DateTimeOffset.UnixEpoch : TimeSpan.Zero;
        text.Append(CultureInfo.InvariantCulture, $"last_handshake_time_sec={handshake.Ticks / TimeSpan.TicksPerSecond}\n");
        text.Append(CultureInfo.InvariantCulture, $"last_handshake_time_nsec={handshake.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick}\n");
        text.Append(CultureInfo.InvariantCulture, $"tx_bytes={peer.TxBytes}\nrx_bytes={peer.RxBytes}\n");
        text.Append(CultureInfo.InvariantCulture, $"persistent_keepalive_interval={peer.PersistentKeepaliveSeconds}\n");
        foreach (var prefix in peer.AllowedIps)
        {
            text.Append(CultureInfo.InvariantCulture, $"allowed_ip={prefix}\n");
        }
    }

    private static void AppendPath(StringBuilder text, PeerState peer)
    {
        AppendKnown(UapiProtocol.PathMtuKey, peer.PathMtuBytes);
        AppendKnown(UapiProtocol.PathStateKey, peer.PathState);
        AppendKnown(UapiProtocol.RoundTripKey, peer.RoundTripMicroseconds);
        AppendKnown(UapiProtocol.LeastRoundTripKey, peer.LeastRoundTripMicroseconds);
        AppendKnown(UapiProtocol.LossKey, peer.LossPermille);

        void AppendKnown<T>(string key, T value)
        {
            if (value is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"{key}={value}\n");
            }
        }
    }

    /// <summary>One peer while its lines are being read.</summary>
    private sealed class PeerDraft(PublicKey key)
    {
        private readonly List<Cidr> allowedIps = [];
        private PeerState state = new() { PublicKey = key };
        private long handshakeSeconds;
        private long handshakeNanoseconds;

        public static bool TryBegin(string hex, List<PeerDraft> peers)
        {
            var valid = PublicKey.TryParseHex(hex, out var key);
            peers.Add(new PeerDraft(key));
            return valid;
        }

        public PeerState Finish() => state with
        {
            AllowedIps = allowedIps,
            LastHandshake = handshakeSeconds == 0 && handshakeNanoseconds == 0
                ? null
                : DateTimeOffset.FromUnixTimeSeconds(handshakeSeconds).AddTicks(handshakeNanoseconds / TimeSpan.NanosecondsPerTick),
        };

        public bool TryApply(string key, string value) => key switch
        {
            "endpoint" => TryApplyEndpoint(value),
            "rx_bytes" => TryApplyNumber<long>(value, bytes => state = state with { RxBytes = bytes }),
            "tx_bytes" => TryApplyNumber<long>(value, bytes => state = state with { TxBytes = bytes }),
            "persistent_keepalive_interval" =>
                TryApplyNumber<ushort>(value, seconds => state = state with { PersistentKeepaliveSeconds = seconds }),
            "last_handshake_time_sec" => UapiLines.TryParse(value, out handshakeSeconds) && handshakeSeconds <= MaxUnixSeconds,
            "last_handshake_time_nsec" => UapiLines.TryParse(value, out handshakeNanoseconds) && handshakeNanoseconds < 1_000_000_000,
            "allowed_ip" => TryAddAllowedIp(value),
            UapiProtocol.PathMtuKey => TryApplyNumber<int>(value, bytes => state = state with { PathMtuBytes = bytes }),
            UapiProtocol.PathStateKey => TryApplyPathState(value),
            UapiProtocol.RoundTripKey => TryApplyNumber<long>(value, time => state = state with { RoundTripMicroseconds = time }),
            UapiProtocol.LeastRoundTripKey => TryApplyNumber<long>(value, time => state = state with { LeastRoundTripMicroseconds = time }),
            UapiProtocol.LossKey => TryApplyNumber<int>(value, loss => state = state with { LossPermille = loss }),
            _ => true,
        };

        // One second short of what DateTimeOffset can hold, so that the nanoseconds fit too.
        private static readonly long MaxUnixSeconds = DateTimeOffset.MaxValue.ToUnixTimeSeconds() - 1;

        private static bool TryApplyNumber<T>(string value, Action<T> apply)
            where T : struct, System.Numerics.IBinaryInteger<T>
        {
            var valid = UapiLines.TryParse<T>(value, out var number);
            apply(number);
            return valid;
        }

        private bool TryApplyEndpoint(string value)
        {
            var valid = IpEndpoint.TryParse(value, out var endpoint);
            state = state with { Endpoint = endpoint };
            return valid;
        }

        private bool TryApplyPathState(string value)
        {
            state = state with { PathState = value };
            return value.Length > 0;
        }

        private bool TryAddAllowedIp(string value)
        {
            var valid = Cidr.TryParse(value, out var prefix);
            allowedIps.Add(prefix);
            return valid;
        }
    }
}
