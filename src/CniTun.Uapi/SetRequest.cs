using System.Globalization;
using System.Text;
using CniTun.Addresses;

namespace CniTun.Uapi;

/// <summary>The text of a <c>set=1</c> request.</summary>
public static class SetRequest
{
    /// <summary>Writes the request with the empty line that ends it.</summary>
    public static string Format(DeviceUpdate update)
    {
        var text = new StringBuilder("set=1\n");
        AppendIf(text, "private_key", update.PrivateKey?.ToHex());
        AppendIf(text, "listen_port", update.ListenPort);
        AppendIf(text, "fwmark", update.Fwmark);
        AppendIf(text, "replace_peers", update.ReplacePeers ? "true" : null);
        foreach (var peer in update.Peers)
        {
            Append(text, peer);
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Reads a request that begins with "set=1" and ends with an empty line.</summary>
    /// <param name="message">The request, whatever it holds: it may come from anybody who may open the socket.</param>
    /// <param name="update">What it asks for; null if it was refused.</param>
    /// <returns>0, or the errno to answer: EPROTO for what is no message, EINVAL for a key or value that we do not know.</returns>
    public static int TryParse(ReadOnlySpan<byte> message, out DeviceUpdate? update)
    {
        update = null;
        var lines = new UapiLines(message);
        if (message.Length > UapiProtocol.MaxMessageBytes || !lines.Next(out var key, out var value) || key != "set" || value != "1")
        {
            return UapiProtocol.EPROTO;
        }

        var device = new DeviceUpdate();
        var peers = new List<PeerUpdate>();
        PeerDraft? peer = null;
        while (lines.Next(out key, out value))
        {
            if (key == "public_key")
            {
                peer?.FinishInto(peers);
                peer = PeerDraft.TryBegin(value);
            }

            // Until the first public_key the lines speak of the device.
            var known = key == "public_key" ? peer is not null
                : peer is null ? TryApply(ref device, key, value)
                : peer.TryApply(key, value);
            if (!known)
            {
                return UapiProtocol.EINVAL;
            }
        }

        if (!lines.EndedWell)
        {
            return UapiProtocol.EPROTO;
        }

        peer?.FinishInto(peers);
        update = device with { Peers = peers };
        return 0;
    }

    private static bool TryApply(ref DeviceUpdate device, string key, string value)
    {
        switch (key)
        {
            case "private_key" when SecretKey.TryParseHex(value, out var privateKey):
                device = device with { PrivateKey = privateKey };
                return true;
            case "listen_port" when UapiLines.TryParse<ushort>(value, out var port):
                device = device with { ListenPort = port };
                return true;
            case "fwmark" when UapiLines.TryParse<uint>(value, out var mark):
                device = device with { Fwmark = mark };
                return true;
            case "replace_peers" when value == "true":
                device = device with { ReplacePeers = true };
                return true;
            default:
                return false;
        }
    }

    private static void Append(StringBuilder text, PeerUpdate peer)
    {
        AppendIf(text, "public_key", peer.PublicKey.ToHex());
        AppendIf(text, "remove", peer.Remove ? "true" : null);
        AppendIf(text, "update_only", peer.UpdateOnly ? "true" : null);
        AppendIf(text, "preshared_key", peer.PresharedKey?.ToHex());
        AppendIf(text, "endpoint", peer.Endpoint);
        AppendIf(text, "persistent_keepalive_interval", peer.PersistentKeepaliveSeconds);
        AppendIf(text, "replace_allowed_ips", peer.ReplaceAllowedIps ? "true" : null);
        foreach (var prefix in peer.AllowedIps)
        {
            AppendIf(text, "allowed_ip", prefix);
        }
    }

    private static void AppendIf(StringBuilder text, string key, object? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{key}={value}\n");
        }
    }

    /// <summary>One peer while its lines are being read.</summary>
    private sealed class PeerDraft(PublicKey key)
    {
        private readonly List<Cidr> allowedIps = [];
        private PeerUpdate update = new() { PublicKey = key };

        public static PeerDraft? TryBegin(string hex) => PublicKey.TryParseHex(hex, out var key) ? new PeerDraft(key) : null;

        public void FinishInto(List<PeerUpdate> peers) => peers.Add(update with { AllowedIps = allowedIps });

        public bool TryApply(string key, string value)
        {
            switch (key)
            {
                case "remove" when value == "true":
                    update = update with { Remove = true };
                    return true;
                case "update_only" when value == "true":
                    update = update with { UpdateOnly = true };
                    return true;
                case "preshared_key" when SecretKey.TryParseHex(value, out var presharedKey):
                    update = update with { PresharedKey = presharedKey };
                    return true;
                case "endpoint" when IpEndpoint.TryParse(value, out var endpoint) && endpoint.Port != 0:
                    update = update with { Endpoint = endpoint };
                    return true;
                case "persistent_keepalive_interval" when UapiLines.TryParse<ushort>(value, out var seconds):
                    update = update with { PersistentKeepaliveSeconds = seconds };
                    return true;
                case "replace_allowed_ips" when value == "true":
                    update = update with { ReplaceAllowedIps = true };
                    return true;
                case "allowed_ip" when Cidr.TryParse(value, out var prefix):
                    // As WireGuard does: host bits are cut off, not refused.
                    allowedIps.Add(prefix.Network);
                    return true;
                case "protocol_version" when value == "1":
                    return true;
                default:
                    return false;
            }
        }
    }
}
