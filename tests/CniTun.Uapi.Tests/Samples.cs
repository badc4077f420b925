using System.Text;
using CniTun.Addresses;

namespace CniTun.Uapi.Tests;

/// <summary>A state and an update with every setting in use, and what to do to their text.</summary>
internal static class Samples
{
    public static DeviceState State { get; } = new()
    {
        PrivateKey = Secret(7),
        ListenPort = 6080,
        Fwmark = 0x4000,
        Counters = [new Counter("out_packets", 12), new Counter("in_drop_spoofed_source", 3)],
        Offloads = [new Offload("tun-tso4", "on"), new Offload("udp-segment", "off(EIO from sendmsg)")],
        Peers =
        [
            new PeerState
            {
                PublicKey = Key(1),
                Endpoint = IpEndpoint.Parse("192.0.2.1:6080"),
                LastHandshake = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).AddTicks(1_234_567),
                RxBytes = 1000,
                TxBytes = 2000,
                PersistentKeepaliveSeconds = 25,
                AllowedIps = [Cidr.Parse("10.244.1.0/24"), Cidr.Parse("fd00:10:244:1::/64")],
                PathMtuBytes = 1500,
                PathState = "complete",
                RoundTripMicroseconds = 412,
                LeastRoundTripMicroseconds = 180,
                LossPermille = 15,
            },
            new PeerState { PublicKey = Key(2) },
        ],
    };

    public static DeviceUpdate Update { get; } = new()
    {
        PrivateKey = Secret(7),
        ListenPort = 6080,
        Fwmark = 0,
        ReplacePeers = true,
        Peers =
        [
            new PeerUpdate
            {
                PublicKey = Key(1),
                UpdateOnly = true,
                PresharedKey = Secret(0),
                Endpoint = IpEndpoint.Parse("[2001:db8::1]:6080"),
                PersistentKeepaliveSeconds = 0,
                ReplaceAllowedIps = true,
                AllowedIps = [Cidr.Parse("10.244.1.0/24"), Cidr.Parse("fd00:10:244:1::/64")],
            },
            new PeerUpdate { PublicKey = Key(2), Remove = true },
        ],
    };

    public static PublicKey Key(byte fill) => new(Filled(fill));

    /// <summary>Parses 20,000 damaged copies of a text and as much plain noise; the seed is fixed, so that a failure comes again.</summary>
    public static void Mangled(string text, Func<byte[], int> parse)
    {
        var random = new Random(20_240_229);
        var letters = "=\n0123456789abcdef:./[]_-"u8.ToArray();
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = Encoding.ASCII.GetBytes(text).ToList();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var at = random.Next(damaged.Count);
                switch (random.Next(4))
                {
                    case 0:
                        damaged[at] = letters[random.Next(letters.Length)];
                        break;
                    case 1:
                        damaged[at] = (byte)random.Next(256);
                        break;
                    case 2:
                        damaged.RemoveRange(at, Math.Min(random.Next(40), damaged.Count - at - 1));
                        break;
                    default:
                        damaged.InsertRange(at, damaged.GetRange(at, Math.Min(random.Next(80), damaged.Count - at)));
                        break;
                }
            }

            Assert.InRange(parse([.. damaged]), 0, int.MaxValue);
            Assert.InRange(parse(random.GetItems(letters, random.Next(100))), 0, int.MaxValue);
        }
    }

    private static SecretKey Secret(byte fill) => new(Filled(fill));

    private static byte[] Filled(byte fill)
    {
        var bytes = new byte[32];
        bytes.AsSpan().Fill(fill);
        return bytes;
    }
}
