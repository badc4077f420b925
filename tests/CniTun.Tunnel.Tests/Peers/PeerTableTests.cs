using CniTun.Addresses;
using CniTun.Tunnel.Peers;
using CniTun.Tunnel.Tests.Packets;
using CsCheck;

namespace CniTun.Tunnel.Tests.Peers;

public sealed class PeerTableTests
{
    // Few distinct bits, so that prefixes nest, touch and share their ends.
    private static readonly Gen<IpAddress> Crowded4 = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 7], (high, low) => IpAddress.FromIPv4(((uint)high << 30) | (uint)low | (high == 3 ? 0x3ffffff8u : 0)));
    private static readonly Gen<IpAddress> Crowded6 = Crowded4.Select(address => IpAddress.FromIPv6((address.Value << 96) | (address.Value & 7) | (address.Value > 0xff00_0000u ? (UInt128.One << 96) - 8 : 0)));
    private static readonly Gen<IpAddress> Addresses = Gen.OneOf(Crowded4, Crowded6, Gen.UInt.Select(IpAddress.FromIPv4));
    private static readonly Gen<Cidr> Prefixes = Gen.Select(Addresses, Gen.Double.Unit, (address, share) => new Cidr(address, (int)(share * (address.Bits + 0.99))).Network);

    [Fact]
    public void The_longest_prefix_wins_as_a_linear_search_says() =>
        Gen.Select(Prefixes.Array[0, 40], Addresses.Array[20]).Sample((prefixes, addresses) =>
        {
            var peers = prefixes.Distinct().Select((prefix, i) => new Peer(Sample.Key(i), null, [prefix], new PeerTraffic())).ToArray();
            var table = new PeerTable(peers);
            foreach (var address in addresses.Concat(prefixes.SelectMany(Edges)))
            {
                Assert.Same(LinearSearch(peers, address), table.FindByAddress(address));
            }
        }, iter: 2000);

    [Fact]
    public void Prefixes_cut_the_space_into_at_most_two_ranges_each_and_one_more_whatever_they_are() =>
        Gen.Select(Gen.UInt, Gen.Int[0, 32], (address, length) => new Cidr(IpAddress.FromIPv4(address), length).Network).Array[0, 200].Sample(prefixes =>
        {
            var owner = Sample.Peer(1, null);
            var ranges = new PrefixRanges<uint>(prefixes.Distinct()
                .Select(prefix => new PrefixRanges<uint>.Entry((uint)prefix.First.Value, (uint)prefix.Last.Value, owner)));
            Assert.InRange(ranges.Count, 1, (2 * prefixes.Length) + 1);
        });

    [Fact]
    public void The_whole_space_and_its_very_ends_can_be_owned()
    {
        var all = Sample.Peer(1, null, "0.0.0.0/0", "::/0");
        var last = Sample.Peer(2, null, "255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
        var table = new PeerTable([all, last]);
        Assert.Same(all, table.FindByAddress(IpAddress.Parse("0.0.0.0")));
        Assert.Same(all, table.FindByAddress(IpAddress.Parse("::")));
        Assert.Same(last, table.FindByAddress(IpAddress.Parse("255.255.255.255")));
        Assert.Same(last, table.FindByAddress(IpAddress.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    }

    [Theory]
    [InlineData("192.0.2.1:6080", 1)]
    [InlineData("192.0.2.1:40000", 1)]
    [InlineData("[2001:db8::1]:40000", 4)]
    [InlineData("192.0.2.2:6080", 2)]
    [InlineData("192.0.2.2:6081", 3)]
    [InlineData("192.0.2.2:40000", null)]
    [InlineData("192.0.2.3:6080", null)]
    public void A_sender_is_known_by_address_and_port_or_by_an_address_that_only_one_peer_has(string source, int? expected)
    {
        var table = new PeerTable(
        [
            Sample.Peer(1, "192.0.2.1:6080"),
            Sample.Peer(2, "192.0.2.2:6080"),
            Sample.Peer(3, "192.0.2.2:6081"),
            Sample.Peer(4, "[2001:db8::1]:6080"),
            Sample.Peer(5, null),
        ]);
        Assert.Equal(expected is { } key ? Sample.Key(key) : null, table.FindBySource(IpEndpoint.Parse(source))?.Key);
    }

    [Fact]
    public void Of_two_peers_with_one_endpoint_the_later_is_meant() => Assert.Equal(
        Sample.Key(2),
        new PeerTable([Sample.Peer(1, "192.0.2.1:6080"), Sample.Peer(2, "192.0.2.1:6080")]).FindBySource(IpEndpoint.Parse("192.0.2.1:6080"))?.Key);

    [Fact]
    public void Ten_thousand_prefixes_are_looked_up_without_a_miss()
    {
        var peers = Enumerable.Range(0, 5000).Select(i => Sample.Peer(i, null, $"10.{i >> 8}.{i & 255}.0/24", $"fd00:{i:x}::/64")).ToArray();
        var table = new PeerTable(peers);
        for (var i = 0; i < peers.Length; i++)
        {
            Assert.Same(peers[i], table.FindByAddress(IpAddress.Parse($"10.{i >> 8}.{i & 255}.7")));
            Assert.Same(peers[i], table.FindByAddress(IpAddress.Parse($"fd00:{i:x}::7")));
            Assert.Null(table.FindByAddress(IpAddress.Parse($"fd00:{i:x}:0:1::7")));
        }
    }

    private static Peer? LinearSearch(Peer[] peers, IpAddress address)
    {
        Peer? best = null;
        foreach (var peer in peers)
        {
            if (peer.AllowedIps[0].Contains(address) && (best is null || peer.AllowedIps[0].PrefixLength > best.AllowedIps[0].PrefixLength))
            {
                best = peer;
            }
        }

        return best;
    }

    private static IEnumerable<IpAddress> Edges(Cidr prefix)
    {
        yield return prefix.First;
        yield return prefix.Last;
        if (prefix.Last.Value != (prefix.Address.IsIPv6 ? UInt128.MaxValue : uint.MaxValue))
        {
            yield return prefix.Last.Add(1);
        }
    }
}
