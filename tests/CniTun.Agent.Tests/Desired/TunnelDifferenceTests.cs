using CniTun.Addresses;
using CniTun.Agent.Desired;
using CniTun.Uapi;

namespace CniTun.Agent.Tests.Desired;

public sealed class TunnelDifferenceTests
{
    private static readonly DesiredTunnel Wanted = new(
        Samples.Secret,
        6080,
        [
            new DesiredPeer(Samples.Key(2), IpEndpoint.Parse("192.0.2.2:6080"), Samples.B.PodCidrs),
            new DesiredPeer(Samples.Key(3), IpEndpoint.Parse("192.0.2.3:6080"), Samples.C.PodCidrs),
        ]);

    private static readonly DeviceState Right = new()
    {
        PrivateKey = Samples.Secret,
        ListenPort = 6080,
        Peers =
        [
            new PeerState { PublicKey = Samples.Key(3), Endpoint = IpEndpoint.Parse("192.0.2.3:6080"), AllowedIps = Samples.C.PodCidrs },
            new PeerState { PublicKey = Samples.Key(2), Endpoint = IpEndpoint.Parse("192.0.2.2:6080"), AllowedIps = [.. Samples.B.PodCidrs.Reverse()] },
        ],
    };

    [Fact]
    public void A_tunnel_that_is_right_is_told_nothing() => Assert.Null(TunnelDifference.Compute(Right, Wanted));

    [Fact]
    public void A_new_tunnel_is_told_everything()
    {
        var request = Request(new DeviceState(), Wanted);

        Assert.Equal(
            $"""
            set=1
            private_key={Samples.Secret.ToHex()}
            listen_port=6080
            public_key={Samples.Key(2).ToHex()}
            endpoint=192.0.2.2:6080
            allowed_ip=10.77.2.0/24
            allowed_ip=fd00:77:2::/64
            public_key={Samples.Key(3).ToHex()}
            endpoint=192.0.2.3:6080
            allowed_ip=10.77.3.0/24
            allowed_ip=fd00:77:3::/64


            """,
            request);
    }

    [Fact]
    public void A_peer_that_left_is_removed_and_the_other_one_not_named() =>
        Assert.Equal(
            $"set=1\npublic_key={Samples.Key(3).ToHex()}\nremove=true\n\n",
            Request(Right, Wanted with { Peers = [Wanted.Peers[0]] }));

    [Fact]
    public void A_peer_that_moved_is_told_its_endpoint_only() =>
        Assert.Equal(
            $"set=1\npublic_key={Samples.Key(2).ToHex()}\nendpoint=192.0.2.22:6080\n\n",
            Request(Right, Wanted with { Peers = [Wanted.Peers[0] with { Endpoint = IpEndpoint.Parse("192.0.2.22:6080") }, Wanted.Peers[1]] }));

    [Fact]
    public void A_network_more_is_added_to_those_that_stay() =>
        Assert.Equal(
            $"set=1\npublic_key={Samples.Key(2).ToHex()}\nallowed_ip=10.99.0.0/24\n\n",
            Request(Right, Wanted with { Peers = [Wanted.Peers[0] with { AllowedIps = [.. Samples.B.PodCidrs, Cidr.Parse("10.99.0.0/24")] }, Wanted.Peers[1]] }));

    [Fact]
    public void A_network_less_replaces_all_of_that_peer() =>
        Assert.Equal(
            $"set=1\npublic_key={Samples.Key(2).ToHex()}\nreplace_allowed_ips=true\nallowed_ip=10.77.2.0/24\n\n",
            Request(Right, Wanted with { Peers = [Wanted.Peers[0] with { AllowedIps = [Samples.B.PodCidrs[0]] }, Wanted.Peers[1]] }));

    [Fact]
    public void An_endpoint_that_is_not_known_now_is_left_as_it_is() =>
        Assert.Null(TunnelDifference.Compute(Right, Wanted with { Peers = [Wanted.Peers[0] with { Endpoint = null }, Wanted.Peers[1]] }));

    [Fact]
    public void A_port_that_differs_is_set_alone() =>
        Assert.Equal("set=1\nlisten_port=7000\n\n", Request(Right, Wanted with { ListenPort = 7000 }));

    private static string Request(DeviceState current, DesiredTunnel desired) => SetRequest.Format(TunnelDifference.Compute(current, desired)!);
}
