using System.Text.Json;
using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Uapi;

namespace CniTun.Ctl.Tests;

public sealed class StatusFormatTests
{
    private const string Container = "3f5b7c9d1e2f30415263748596a7b8c9dae1f203142536475869708192a3b4c5";

    private static readonly DeviceState Tunnel = new()
    {
        PrivateKey = new SecretKey([.. Enumerable.Repeat((byte)7, 32)]),
        ListenPort = 6080,
        Counters =
        [
            new Counter("out_packets", 120),
            new Counter("out_drop_no_peer", 3),
            new Counter("out_drop_too_big", 0),
            new Counter("in_packets", 118),
            new Counter("in_drop_spoofed_source", 12),
        ],
        Offloads = [new Offload("tun-tso4", "on"), new Offload("udp-segment", "off(EIO)")],
        Peers =
        [
            new PeerState
            {
                PublicKey = new PublicKey([.. Enumerable.Repeat((byte)0xfb, 32)]),
                Endpoint = IpEndpoint.Parse("192.0.2.2:6080"),
                AllowedIps = [Cidr.Parse("10.77.2.0/24"), Cidr.Parse("fd00:77:2::/64")],
                RxBytes = 812,
                TxBytes = 1_572_864,
                PathMtuBytes = 1400,
                PathState = "complete",
                RoundTripMicroseconds = 1234,
                LeastRoundTripMicroseconds = 900,
                LossPermille = 15,
            },
            new PeerState { PublicKey = new PublicKey([.. Enumerable.Repeat((byte)2, 32)]) },
            new PeerState
            {
                PublicKey = new PublicKey([.. Enumerable.Repeat((byte)3, 32)]),
                Endpoint = IpEndpoint.Parse("192.0.2.3:6080"),
                PathMtuBytes = 1500,
                PathState = "unanswered",
            },
        ],
    };

    private static readonly NetworkLease[] Leases =
    [
        new("cnitun", new Lease(Cidr.Parse("10.77.1.2/24"), IpAddress.Parse("10.77.1.1"), new Attachment(Container, "eth0"), "/run/netns/pod1")),
        new("cnitun", new Lease(Cidr.Parse("fd00:77:1::2/64"), IpAddress.Parse("fd00:77:1::1"), new Attachment(Container, "eth0"), "/run/netns/pod1")),
        new("second", new Lease(Cidr.Parse("10.99.0.2/24"), IpAddress.Parse("10.99.0.1"), new Attachment("pod1", "net1"), "/run/netns/pod1")),
    ];

    [Fact]
    public void The_tables_of_a_node_in_use() => Snapshot.Match(StatusText.Format(new NodeStatus(Tunnel, Leases, [])));

    [Fact]
    public void The_tables_of_a_node_without_peers_drops_and_pods() =>
        Snapshot.Match(StatusText.Format(new NodeStatus(new DeviceState { ListenPort = 6080 }, [], [])));

    [Fact]
    public void The_tables_of_a_node_without_a_tunnel() => Snapshot.Match(StatusText.Format(new NodeStatus(null, Leases, ["no tunnel"])));

    [Fact]
    public void The_json_of_a_node_in_use() => Snapshot.Match(StatusJson.Format(new NodeStatus(Tunnel, Leases, [])));

    [Fact]
    public void The_json_of_a_node_without_a_tunnel() => Snapshot.Match(StatusJson.Format(new NodeStatus(null, [], ["no tunnel"])));

    [Fact]
    public void Neither_form_gives_the_private_key_away()
    {
        var status = new NodeStatus(Tunnel, Leases, []);
        foreach (var text in new[] { StatusText.Format(status), StatusJson.Format(status) })
        {
            Assert.DoesNotContain(Tunnel.PrivateKey!.Value.ToBase64(), text, StringComparison.Ordinal);
            Assert.DoesNotContain(Tunnel.PrivateKey.Value.ToHex(), text, StringComparison.OrdinalIgnoreCase);
        }

        using var document = JsonDocument.Parse(StatusJson.Format(status));
        Assert.Equal(1_572_864, document.RootElement.GetProperty("tunnel").GetProperty("peers")[0].GetProperty("txBytes").GetInt64());
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData((1024 * 1024) - 1, "1.0 MiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void Bytes_are_shown_in_the_unit_that_suits_them(long bytes, string expected) => Assert.Equal(expected, ByteCount.Format(bytes));
}
