using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux.Nftables;
using CsCheck;

namespace CniTun.Endpoint.Tests;

public sealed class FirewallOwnerTests
{
    [Fact]
    public void The_usual_names_stand_there_as_they_are()
    {
        var id = new string('f', 64);

        Assert.Equal($"k8s-pod-network {id}/eth0", FirewallOwner.Of("k8s-pod-network", new(id, "eth0")));
        Assert.Equal($"{new string('n', 40)} {id}/123456789012345", FirewallOwner.Of(new string('n', 40), new(id, "123456789012345")));
    }

    [Theory]
    [InlineData(41, 64, "eth0")]
    [InlineData(1, 200, "eth0")]
    [InlineData(500, 500, "eth0")]
    [InlineData(1, 1, "\"; flush")]
    [InlineData(1, 1, "schön")]
    public void Long_and_odd_names_become_short_and_plain(int networkLength, int idLength, string interfaceName)
    {
        var network = new string('n', networkLength);
        var owner = FirewallOwner.Of(network, new(new string('f', idLength), interfaceName));

        Assert.True(owner.Length <= NftComment.LongestBytes);
        Assert.Contains('#', owner);
        Assert.DoesNotContain('"', owner);
        Assert.StartsWith(FirewallOwner.PrefixOf(network), owner, StringComparison.Ordinal);
    }

    [Fact]
    public void No_two_attachments_have_one_name_and_each_is_within_its_networks_alone()
    {
        var name = Gen.Char["abz09_.-"].Array[1, 90].Select(chars => new string(chars));
        var owner = Gen.Select(name, name, name);
        Gen.Select(owner, owner).Sample((one, two) =>
        {
            var (first, second) = (FirewallOwner.Of(one.Item1, new(one.Item2, one.Item3)), FirewallOwner.Of(two.Item1, new(two.Item2, two.Item3)));
            Assert.InRange(first.Length, 1, NftComment.LongestBytes);
            Assert.Equal(one == two, string.Equals(first, second, StringComparison.Ordinal));
            Assert.Equal(
                string.Equals(one.Item1, two.Item1, StringComparison.Ordinal),
                first.StartsWith(FirewallOwner.PrefixOf(two.Item1), StringComparison.Ordinal));
        });
    }
}
