using CniTun.Addresses;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>The program's knowledge of paths, on the real kernel.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class PathProcessTests
{
    [KernelTheory]
    [InlineData("192.0.2.", 1472)]
    [InlineData("2001:db8::", 1452)]
    public void A_path_that_carries_what_its_interface_does_is_known_with_its_round_trip_and_loss(string underlay, int largest)
    {
        using var nodes = new TwoNodes(underlay);
        Wait.Until(() => PathOf(nodes.Left).PathState == "complete", () => $"{PathOf(nodes.Left)}");
        var path = PathOf(nodes.Left);
        Assert.Equal(1500, path.PathMtuBytes);
        Assert.InRange(path.LeastRoundTripMicroseconds ?? 0, 1, path.RoundTripMicroseconds ?? 0);
        Assert.InRange(path.LossPermille ?? -1, 0, 1000);

        nodes.LeftSpace.Ip("link", "set", "tun0", "mtu", $"{largest}");
        nodes.LeftSpace.Run("ping", "-c", "1", "-W", "20", "-M", "do", "-s", $"{largest - 28}", "10.2.0.1");
    }

    [KernelFact]
    public void A_router_that_takes_less_and_says_nothing_is_found_out_and_so_is_one_that_starts_to()
    {
        using var nodes = new NarrowPath(mtuBytes: 1400);
        WaitForPath(nodes.Left, 1400);

        nodes.SetMtu(1350);
        WaitForPath(nodes.Left, 1350);
    }

    [KernelFact]
    public void A_send_that_the_interface_refuses_makes_its_mtu_the_paths()
    {
        using var nodes = new NarrowPath(mtuBytes: 1500);
        WaitForPath(nodes.Left, 1500);
        nodes.LeftSpace.Ip("link", "set", "eth0", "mtu", "1300");
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1372", "10.2.0.1");
        WaitForPath(nodes.Left, 1300);
    }

    [KernelFact]
    public void Of_a_peer_that_answers_no_probes_the_route_is_believed()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("route", "add", "192.0.2.77/32", "dev", "eth0", "mtu", "1280");
        nodes.Left.Api.SetAsync(TwoNodes.PeerUpdate(7, IpEndpoint.Parse("192.0.2.77:6080"))).GetAwaiter().GetResult();
        PeerState Silent() => nodes.Left.Api.GetAsync().GetAwaiter().GetResult().Peers.Single(peer => peer.PublicKey == Sample.Key(7));
        Wait.Until(() => Silent().PathState == "unanswered", () => $"{Silent()}");
        Assert.Equal((1280, null, null), (Silent().PathMtuBytes, Silent().RoundTripMicroseconds, Silent().LossPermille));
    }

    [KernelFact]
    public void Probes_go_on_from_a_new_listening_port()
    {
        using var nodes = new TwoNodes();
        WaitForPath(nodes.Left, 1500);
        nodes.Left.Api.SetAsync(new DeviceUpdate { ListenPort = 7000 }).GetAwaiter().GetResult();
        nodes.Right.Api.SetAsync(TwoNodes.PeerUpdate(1, nodes.LeftEndpoint with { Port = 7000 })).GetAwaiter().GetResult();
        nodes.Left.Api.SetAsync(new DeviceUpdate { Peers = [new PeerUpdate { PublicKey = Sample.Key(2), Remove = true }] }).GetAwaiter().GetResult();
        nodes.Left.Api.SetAsync(TwoNodes.PeerUpdate(2, nodes.RightEndpoint)).GetAwaiter().GetResult();
        WaitForPath(nodes.Left, 1500);
        WaitForPath(nodes.Right, 1500);
    }

    private static PeerState PathOf(TunnelProcess tunnel) => tunnel.Api.GetAsync().GetAwaiter().GetResult().Peers[0];

    private static void WaitForPath(TunnelProcess tunnel, int mtuBytes) => Wait.Until(
        () => PathOf(tunnel) is { PathState: "complete" } path && path.PathMtuBytes == mtuBytes,
        () => $"not {mtuBytes}: {PathOf(tunnel)}");

    /// <summary>Two nodes on either side of a router that drops what is too long and tells nobody. Its link to the right is the narrow one.</summary>
    private sealed class NarrowPath : IDisposable
    {
        private readonly string directory = Directory.CreateTempSubdirectory("cnitun-path").FullName;
        private readonly TestNamespace middle = new("middle");
        private readonly TestNamespace rightSpace = new("right");
        private readonly TunnelProcess right;

        public NarrowPath(int mtuBytes)
        {
            middle.Run("sysctl", "-qw", "net.ipv4.ip_forward=1");
            middle.Run("nft", "add table inet mute; add chain inet mute out { type filter hook output priority 0; }; add rule inet mute out meta l4proto icmp drop");
            Join(LeftSpace, 1);
            Join(rightSpace, 2);
            SetMtu(mtuBytes);
            Left = new TunnelProcess(LeftSpace, Path.Combine(directory, "left.sock"));
            right = new TunnelProcess(rightSpace, Path.Combine(directory, "right.sock"));
            Left.Api.SetAsync(TwoNodes.PeerUpdate(2, IpEndpoint.Parse("198.51.100.2:6080"))).GetAwaiter().GetResult();
            right.Api.SetAsync(TwoNodes.PeerUpdate(1, IpEndpoint.Parse("192.0.2.1:6080"))).GetAwaiter().GetResult();
            TwoNodes.BringUp(LeftSpace, 1);
            TwoNodes.BringUp(rightSpace, 2);
        }

        public TestNamespace LeftSpace { get; } = new("left");

        public TunnelProcess Left { get; }

        public void SetMtu(int bytes) => middle.Ip("link", "set", "side2", "mtu", $"{bytes}");

        public void Dispose()
        {
            Left.Dispose();
            right.Dispose();
            LeftSpace.Dispose();
            rightSpace.Dispose();
            middle.Dispose();
            Directory.Delete(directory, recursive: true);
        }

        private void Join(TestNamespace space, int side)
        {
            var network = side == 1 ? "192.0.2." : "198.51.100.";
            space.Ip("link", "add", "eth0", "type", "veth", "peer", "name", $"side{side}", "netns", middle.Name);
            space.Ip("address", "add", $"{network}{side}/24", "dev", "eth0");
            space.Ip("link", "set", "eth0", "up");
            middle.Ip("address", "add", $"{network}254/24", "dev", $"side{side}");
            middle.Ip("link", "set", $"side{side}", "up");
            space.Ip("route", "add", "default", "via", $"{network}254");
        }
    }
}
