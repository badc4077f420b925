using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Peers;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Peers;

public sealed class PeerTableBuilderTests
{
    [Fact]
    public void A_prefix_that_is_given_to_another_peer_moves()
    {
        var table = Apply(PeerTable.Empty, Update(1, "10.1.0.0/16", "10.2.0.0/16"), Update(2, "10.1.0.0/16"));
        Assert.Equal(["10.2.0.0/16"], AllowedIps(table, 1));
        Assert.Equal(["10.1.0.0/16"], AllowedIps(table, 2));
        Assert.Equal(Sample.Key(2), table.FindByAddress(IpAddress.Parse("10.1.0.1"))?.Key);
    }

    [Fact]
    public void Allowed_ips_are_added_to_unless_they_are_replaced()
    {
        var table = Apply(PeerTable.Empty, Update(1, "10.1.0.0/16"), Update(1, "10.2.0.0/16"));
        Assert.Equal(["10.1.0.0/16", "10.2.0.0/16"], AllowedIps(table, 1));
        table = Apply(table, Update(1, "10.3.0.0/16") with { ReplaceAllowedIps = true });
        Assert.Equal(["10.3.0.0/16"], AllowedIps(table, 1));
    }

    [Fact]
    public void A_removed_peer_is_gone_with_its_prefixes_and_removing_it_again_is_no_error()
    {
        var table = Apply(PeerTable.Empty, Update(1, "10.1.0.0/16"));
        table = Apply(table, Update(1) with { Remove = true }, Update(1) with { Remove = true });
        Assert.Empty(table.Peers);
        Assert.Null(table.FindByAddress(IpAddress.Parse("10.1.0.1")));
    }

    [Fact]
    public void Update_only_adds_nobody() => Assert.Empty(Apply(PeerTable.Empty, Update(1, "10.1.0.0/16") with { UpdateOnly = true }).Peers);

    [Fact]
    public void What_an_update_does_not_name_stays_and_so_do_the_byte_counts()
    {
        var table = Apply(PeerTable.Empty, Update(1, "10.1.0.0/16") with { Endpoint = IpEndpoint.Parse("192.0.2.1:6080") });
        var next = Apply(table, Update(1));
        Assert.Equal(IpEndpoint.Parse("192.0.2.1:6080"), next.Peers[0].Endpoint);
        Assert.Same(table.Peers[0].Traffic, next.Peers[0].Traffic);
    }

    [Fact]
    public void What_is_known_of_a_path_stays_with_its_endpoint_even_if_all_were_cleared_and_goes_with_it()
    {
        var endpoint = IpEndpoint.Parse("192.0.2.1:6080");
        var table = Apply(PeerTable.Empty, Update(1) with { Endpoint = endpoint });
        Assert.Same(table.Peers[0].Path, Apply(table, Update(1, "10.1.0.0/16")).Peers[0].Path);

        var builder = new PeerTableBuilder(table);
        builder.Clear();
        Assert.Equal(0, builder.Apply(Update(1) with { Endpoint = endpoint }));
        Assert.Same(table.Peers[0].Path, builder.Build().Peers[0].Path);

        var moved = Apply(table, Update(1) with { Endpoint = IpEndpoint.Parse("[2001:db8::1]:6080") }).Peers[0].Path;
        Assert.NotSame(table.Peers[0].Path, moved);
        Assert.True(moved.IsIPv6);
    }

    [Fact]
    public void A_peer_that_is_named_again_after_all_were_cleared_keeps_its_byte_counts_and_nothing_else()
    {
        var table = Apply(PeerTable.Empty, Update(1, "10.1.0.0/16"), Update(2, "10.2.0.0/16"));
        var builder = new PeerTableBuilder(table);
        builder.Clear();
        Assert.Equal(0, builder.Apply(Update(1)));
        var next = builder.Build();
        Assert.Same(table.Peers[0].Traffic, Assert.Single(next.Peers).Traffic);
        Assert.Empty(next.Peers[0].AllowedIps);
    }

    [Fact]
    public void What_plain_mode_cannot_do_is_refused_and_not_swallowed()
    {
        var secret = new byte[32];
        Assert.Equal(0, Refusal(Update(1) with { PresharedKey = new SecretKey(secret), PersistentKeepaliveSeconds = 0 }));
        secret[31] = 1;
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(Update(1) with { PresharedKey = new SecretKey(secret) }));
        Assert.Equal(Errno.EOPNOTSUPP, Refusal(Update(1) with { PersistentKeepaliveSeconds = 25 }));
    }

    [Fact]
    public void There_is_a_limit_to_peers_and_to_prefixes()
    {
        var builder = new PeerTableBuilder(PeerTable.Empty);
        for (var i = 0; i < PeerTableBuilder.MaxPeers; i++)
        {
            Assert.Equal(0, builder.Apply(Update(i)));
        }

        Assert.Equal(Errno.ENOSPC, builder.Apply(Update(PeerTableBuilder.MaxPeers)));

        var many = Enumerable.Range(0, PeerTableBuilder.MaxAllowedIps + 1).Select(i => Cidr.ForHost(IpAddress.FromIPv4((uint)i)));
        Assert.Equal(Errno.ENOSPC, Refusal(Update(1) with { AllowedIps = [.. many] }));
    }

    [Fact]
    public void The_largest_table_is_told_of_within_the_size_limit()
    {
        var longest = IpAddress.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        var peers = Enumerable.Range(0, PeerTableBuilder.MaxPeers).Select(i => new PeerState
        {
            PublicKey = Sample.Key(i),
            Endpoint = new IpEndpoint(longest, 65535),
            RxBytes = long.MaxValue,
            TxBytes = long.MaxValue,
            AllowedIps = [.. Enumerable.Repeat(Cidr.ForHost(longest), PeerTableBuilder.MaxAllowedIps / PeerTableBuilder.MaxPeers)],
        });
        Assert.InRange(GetAnswer.Format(new DeviceState { Peers = [.. peers] }).Length, 1, UapiProtocol.MaxMessageBytes - 10_000);
    }

    private static PeerUpdate Update(int key, params string[] allowedIps) =>
        new() { PublicKey = Sample.Key(key), AllowedIps = [.. allowedIps.Select(Cidr.Parse)] };

    private static int Refusal(PeerUpdate update) => new PeerTableBuilder(PeerTable.Empty).Apply(update);

    private static PeerTable Apply(PeerTable table, params PeerUpdate[] updates)
    {
        var builder = new PeerTableBuilder(table);
        foreach (var update in updates)
        {
            Assert.Equal(0, builder.Apply(update));
        }

        return builder.Build();
    }

    private static IEnumerable<string> AllowedIps(PeerTable table, int key) =>
        table.Peers.Single(peer => peer.Key == Sample.Key(key)).AllowedIps.Select(prefix => prefix.ToString());
}
