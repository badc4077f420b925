using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>What runtime and configuration may ask for, and what the kernel then has.</summary>
public sealed class OptionTests
{
    [KernelTheory]
    [InlineData(true, true, "02:00:00:00:00:01", "10.77.1.31")]
    [InlineData(false, true, "02:00:00:00:00:02", "10.77.1.32")]
    [InlineData(false, false, "02:00:00:00:00:03", "10.77.1.33")]
    public void The_runtime_comes_before_the_configuration_and_that_before_CNI_ARGS(bool byRuntime, bool byConfiguration, string mac, string address)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        if (byRuntime)
        {
            config["runtimeConfig"] = JsonNode.Parse("""{ "mac": "02:00:00:00:00:01", "ips": ["10.77.1.31"] }""");
        }

        if (byConfiguration)
        {
            config["args"] = JsonNode.Parse("""{ "cni": { "mac": "02:00:00:00:00:02", "ips": ["10.77.1.32/24"] } }""");
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["CNI_ARGS"] = "IgnoreUnknown=1;MAC=02:00:00:00:00:03;IP=10.77.1.33" };
        var answer = node.Call("ADD", pod.ContainerId, pod.Path, config, variables: variables);

        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        var shown = pod.Ip("addr", "show", "eth0");
        Assert.Contains(mac, shown, StringComparison.Ordinal);
        Assert.Contains($"{address}/24", shown, StringComparison.Ordinal);
        Assert.Contains("fd00:77:1::2/64", shown, StringComparison.Ordinal);
        pod.Ping("10.77.1.1");
    }

    [KernelFact]
    public void A_requested_address_that_another_has_is_error_106_and_changes_nothing()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        var config = node.DualStack;
        config["runtimeConfig"] = JsonNode.Parse("""{ "ips": ["10.77.1.31"] }""");
        var result = node.Add(first, config);

        var error = node.Fail("ADD", second, config);

        Assert.Equal(106, (int)error["code"]!);
        Assert.Contains("10.77.1.31", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal(0, node.Check(first, config, result).ExitCode);
        Assert.Equal(["10.77.1.31", "fd00:77:1::2"], node.Leases());
    }

    [KernelFact]
    public void Ranges_of_the_runtime_come_first_and_name_servers_from_where_they_are_given()
    {
        using var node = new Node();
        using var pod = new Pod();
        var file = $"{node.DataDirectory}/resolv.conf";
        File.WriteAllText(file, "# a comment\nnameserver 10.0.0.53\nsearch a.example b.example\noptions ndots:5\n");
        var config = node.Config($$"""{ "isGateway": true, "ipam": { "type": "cnitun", "resolvConf": "{{file}}", "ranges": [[{ "subnet": "fd00:77:1::/64" }]] } }""");
        config["runtimeConfig"] = JsonNode.Parse("""{ "ipRanges": [[{ "subnet": "10.79.0.0/24" }]] }""");

        var result = node.Add(pod, config);

        Assert.Equal(["10.79.0.2/24", "fd00:77:1::2/64"], result["ips"]!.AsArray().Select(ip => (string?)ip!["address"]));
        Assert.Equal("""{"nameservers":["10.0.0.53"],"search":["a.example","b.example"],"options":["ndots:5"]}""", result["dns"]!.ToJsonString());
        node.Del(pod, config);
        config["dns"] = JsonNode.Parse("""{ "nameservers": ["10.0.0.54"] }""");
        Assert.Equal("""{"nameservers":["10.0.0.54"]}""", node.Add(pod, config)["dns"]!.ToJsonString());
    }

    [KernelFact]
    public void A_previous_result_is_passed_on_and_ours_counts_behind_it()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["prevResult"] = JsonNode.Parse("""
            { "cniVersion": "1.1.0", "interfaces": [{ "name": "before0" }, { "name": "before1", "sandbox": "/x" }],
              "ips": [{ "address": "192.0.2.1/24", "interface": 1 }], "routes": [{ "dst": "198.51.100.0/24" }], "dns": { "domain": "x" } }
            """);

        var result = node.Add(pod, config);

        Assert.Equal(["before0", "before1", "br0"], result["interfaces"]!.AsArray().Take(3).Select(link => (string?)link!["name"]));
        Assert.Equal([1, 4, 4], result["ips"]!.AsArray().Select(ip => (int)ip!["interface"]!));
        Assert.Equal("198.51.100.0/24", (string?)result["routes"]![0]!["dst"]);
        Assert.Equal("x", (string?)result["dns"]!["domain"]);
    }

    [KernelTheory]
    [InlineData("0.1.0")]
    [InlineData("0.2.0")]
    [InlineData("0.3.0")]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public void Every_version_is_answered_in_its_form(string version)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["cniVersion"] = version;

        var result = node.Add(pod, config);

        Assert.Equal(version, (string?)result["cniVersion"]);
        var old = version is "0.1.0" or "0.2.0";
        Assert.Equal("10.77.1.2/24", old ? (string?)result["ip4"]!["ip"] : (string?)result["ips"]![0]!["address"]);
        Assert.Equal(!old, result.ContainsKey("interfaces"));
        Assert.Equal(version[..2] is "0." && !old, !old && result["ips"]![0]!["version"] is not null);
        Assert.Equal(version is "1.1.0", !old && result["interfaces"]![2]!["mtu"] is not null);
        if (version is "0.4.0" or "1.0.0" or "1.1.0")
        {
            Assert.Equal(0, node.Check(pod, config, result).ExitCode);
        }

        node.Del(pod, config);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void An_interface_that_shall_stay_down_does()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "disableContainerInterface": true }""");

        var result = node.Add(pod, config);

        Assert.Contains("state DOWN", pod.Ip("link", "show", "eth0"), StringComparison.Ordinal);
        Assert.Equal(0, node.Check(pod, config, result).ExitCode);
        node.Del(pod, config);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void With_duplicate_detection_ADD_waits_until_no_address_is_tentative()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["enabledad"] = true;

        node.Add(pod, config);

        Assert.DoesNotContain("tentative", pod.Ip("addr", "show", "scope", "global"), StringComparison.Ordinal);
        Assert.Equal("1", pod.Run("cat", "/proc/sys/net/ipv6/conf/eth0/accept_dad").Trim());
        pod.Ping("fd00:77:1::1");
    }

    [KernelFact]
    public void Duplicate_detection_finds_the_other_and_ADD_leaves_nothing()
    {
        using var node = new Node();
        using var other = new Pod();
        using var pod = new Pod();
        node.Add(other, node.DualStack);
        other.Ip("addr", "add", "fd00:77:1::3/64", "dev", "eth0", "nodad");
        var config = node.DualStack;
        config["enabledad"] = true;

        Assert.Equal(106, (int)node.Fail("ADD", pod, config)["code"]!);

        Assert.Single(node.Endpoints());
        Assert.Equal(["10.77.1.2", "fd00:77:1::2"], node.Leases());
    }

    [KernelFact]
    public void Isolated_ports_reach_the_gateway_and_not_each_other()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        var config = node.DualStack;
        config["portIsolation"] = true;
        node.Add(first, config);
        node.Add(second, config);

        first.Ping("10.77.1.1");
        Assert.Throws<InvalidOperationException>(() => first.Ping("10.77.1.3"));
    }

    [KernelFact]
    public void A_promiscuous_bridge_is_and_a_pod_CIDR_that_changed_is_adopted_once_the_last_lease_is_gone()
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        using var third = new Pod();
        var before = node.Config("""{ "isDefaultGateway": true, "promiscMode": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        var after = node.Config("""{ "isDefaultGateway": true, "promiscMode": true, "ipam": { "type": "cnitun", "subnet": "10.88.1.0/24" } }""");
        node.Add(first, before);
        Assert.Contains("PROMISC", node.Ip("link", "show", "br0"), StringComparison.Ordinal);

        node.Add(second, after);
        first.Ping("10.77.1.1");
        second.Ping("10.88.1.1");
        node.Del(first, before);
        node.Del(second, after);
        node.Ip("addr", "del", "10.88.1.1/24", "dev", "br0");
        node.Add(third, after);

        third.Ping("10.88.1.1");
        Assert.DoesNotContain("10.77.1.1", node.Ip("addr", "show", "br0"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void Duplicate_detection_that_does_not_end_in_time_fails_and_leaves_nothing()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.DualStack;
        config["enabledad"] = true;
        pod.Run("sysctl", "-qw", "net.ipv6.conf.default.dad_transmits=600");

        var error = node.Fail("ADD", pod, config);

        Assert.Equal(11, (int)error["code"]!);
        Assert.Contains("fd00:77:1::2", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Contains("dad_transmits", (string?)error["details"], StringComparison.Ordinal);
        node.AssertNothingLeft();
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void ForceAddress_takes_the_place_of_an_address_on_a_bridge_that_is_not_ours()
    {
        using var node = new Node();
        using var pod = new Pod();
        node.Ip("link", "add", "br0", "type", "bridge");
        node.Ip("link", "set", "br0", "up");
        node.Ip("addr", "add", "10.66.0.1/24", "dev", "br0");

        node.Add(pod, node.Config("""{ "isGateway": true, "forceAddress": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }"""));

        var addresses = node.Ip("addr", "show", "br0");
        Assert.Contains("10.77.1.1/24", addresses, StringComparison.Ordinal);
        Assert.DoesNotContain("10.66.0.1", addresses, StringComparison.Ordinal);
    }
}
