namespace CniTun.Endpoint.Tests;

public sealed class ConfigurationTests
{
    [KernelTheory]
    [InlineData("""{ "bridge": "bridge-name123", "vlan": 5, "isGateway": true }""", 7, "bridge-name123")]
    [InlineData("""{ "bridge": "bridge-name", "vlan": 4000, "isDefaultGateway": true }""", 7, "bridge-name")]
    [InlineData("""{ "vlan": 4095 }""", 7, "vlan 4095")]
    [InlineData("""{ "vlan": -1 }""", 7, "vlan -1")]
    [InlineData("""{ "vlanTrunk": [{ "id": 0 }] }""", 7, "id 0 is out of range")]
    [InlineData("""{ "vlanTrunk": [{ "minID": 5 }] }""", 7, "vlanTrunk")]
    [InlineData("""{ "vlanTrunk": [{ "minID": 9, "maxID": 5 }] }""", 7, "minID 9 is greater than maxID 5")]
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
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[null]] } }""", 6, "$.ipam.ranges[0][0] is not an object")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.1/24" }]] } }""", 7, "write 10.1.1.0/24")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.0/31" }]] } }""", 7, "too small")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.1.0" }]] } }""", 6, "$.ipam.ranges[0][0].subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "rangeStart": "10.2.1.0" } }""", 7, "rangeStart 10.2.1.0 does not lie in subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [null] } }""", 6, "$.ipam.routes[0] is not an object")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "dst": "10.0.0.0/8", "scope": 256 }] } }""", 6, "$.ipam.routes[0].scope")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "dst": "10.0.0.0/8", "gw": "fd00::1" }] } }""", 6, "other family")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "routes": [{ "gw": "10.1.1.1" }] } }""", 6, "$.ipam.routes[0]")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "dataDir": "relative" } }""", 7, "dataDir")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "dataDir": "/run/../etc" } }""", 7, "dataDir")]
    [InlineData("""{ "name": "../../etc" }""", 7, "name a network")]
    [InlineData("""{ "ipam": { "type": "../../bin/sh" } }""", 7, "../../bin/sh")]
    [InlineData("""{ "ipam": { "type": "no-such-plugin" } }""", 105, "CNI_PATH is not set")]
    [InlineData("""{ "disableContainerInterface": true, "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24" } }""", 7, "disableContainerInterface")]
    [InlineData("""{ "runtimeConfig": { "mac": "zz" } }""", 7, "'zz'")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24" }, "args": { "cni": { "ips": ["x"] } } }""", 7, "'x'")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24" }, "args": { "cni": { "ips": ["10.9.9.9"] } } }""", 106, "10.9.9.9")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "resolvConf": "/nonexistent" } }""", 7, "/nonexistent")]
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
