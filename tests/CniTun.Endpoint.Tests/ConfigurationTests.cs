namespace CniTun.Endpoint.Tests;

public sealed class ConfigurationTests
{
    [KernelTheory]
    [InlineData("""{ "ipMasq": true }""", 2, "ipMasq")]
    [InlineData("""{ "vlan": 5 }""", 2, "vlan: 5")]
    [InlineData("""{ "vlanTrunk": [{ "id": 5 }] }""", 2, "vlanTrunk")]
    [InlineData("""{ "macspoofchk": true }""", 2, "macspoofchk")]
    [InlineData("""{ "disableContainerInterface": true }""", 2, "disableContainerInterface")]
    [InlineData("""{ "ipam": { "type": "host-local" } }""", 2, "host-local")]
    [InlineData("""{ "hairpinMode": true, "promiscMode": true }""", 7, "hairpinMode")]
    [InlineData("""{ "bridge": "../../etc" }""", 7, "bridge")]
    [InlineData("""{ "bridge": "a-name-of-16-byte" }""", 7, "bridge")]
    [InlineData("""{ "mtu": -1 }""", 7, "mtu -1")]
    [InlineData("""{ "mtu": 65536 }""", 7, "mtu 65536")]
    [InlineData("""{ "mtu": "1500" }""", 6, "$.mtu")]
    [InlineData("""{ "mtu": 99999999999 }""", 6, "$.mtu")]
    [InlineData("""{ "ipam": { "type": "cnitun" } }""", 7, "no ranges")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[]] } }""", 7, "ipam.ranges[0]: a range set is empty")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [null] } }""", 7, "ipam.ranges[0]")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[null]] } }""", 7, "has no subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.1/24" }]] } }""", 7, "write 10.1.1.0/24")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.0/31" }]] } }""", 7, "too small")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.0" }]] } }""", 6, "$.ipam.ranges[0][0].subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "rangeStart": "10.2.1.0" } }""", 7, "rangeStart 10.2.1.0 does not lie in subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [null] } }""", 7, "ipam.routes")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "dst": "10.0.0.0/8", "scope": 256 }] } }""", 7, "out of range")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "dst": "10.0.0.0/8", "gw": "fd00::1" }] } }""", 7, "other family")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "gw": "10.1.1.1" }] } }""", 6, "$.ipam.routes[0]")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "dataDir": "relative" } }""", 7, "dataDir")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "dataDir": "/run/../etc" } }""", 7, "dataDir")]
    [InlineData("""{ "name": "../../etc" }""", 7, "name a network")]
    public void A_configuration_that_cannot_work_is_refused_by_its_key_before_anything_is_made(string keys, int code, string named)
    {
        using var node = new Node();
        using var pod = new Pod();

        var error = node.Fail("ADD", pod, node.Config(keys));

        Assert.Equal(code, (int)error["code"]!);
        Assert.Contains(named, (string?)error["msg"] + (string?)error["details"], StringComparison.Ordinal);
        node.AssertNothingLeft();
        Assert.DoesNotContain("br0", node.Ip("link"), StringComparison.Ordinal);
    }
}
