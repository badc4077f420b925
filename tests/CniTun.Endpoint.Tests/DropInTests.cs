using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>What a configuration of the reference plugin means there, it means here.</summary>
public sealed class DropInTests : IDisposable
{
    private const string TwoFamilies = "\"isDefaultGateway\": true, \"ipam\": { \"type\": \"cnitun\", \"ranges\": [[{ \"subnet\": \"10.77.1.0/24\" }], [{ \"subnet\": \"fd00:77:1::/64\" }]] }";

    private readonly Node node = new();
    private readonly Pod pod = new();

    public void Dispose()
    {
        pod.Dispose();
        node.Dispose();
    }

    [KernelFact]
    public void Keys_of_every_object_are_read_in_any_case()
    {
        var config = node.Config($$"""
            { "BRIDGE": "br0", "MTU": 1400, "IsDefaultGateway": true, "ipmasq": true, "MacSpoofChk": true, "DataDir": "{{node.DataDirectory}}",
              "IPAM": { "Type": "cnitun", "Ranges": [[{ "Subnet": "10.77.1.0/24", "RANGESTART": "10.77.1.7" }]], "Routes": [{ "DST": "192.0.2.0/24", "Gw": "10.77.1.1" }] },
              "DNS": { "NameServers": ["10.0.0.53"] }, "RuntimeConfig": { "MAC": "02-00-00-00-00-07" }, "Args": { "CNI": { "IPs": ["10.77.1.9"] } } }
            """);

        var result = node.Add(pod, config);

        Assert.Equal("10.77.1.9/24", (string?)result["ips"]![0]!["address"]);
        Assert.Equal(("192.0.2.0/24", "10.77.1.1"), ((string?)result["routes"]![0]!["dst"], (string?)result["routes"]![0]!["gw"]));
        Assert.Equal(("02:00:00:00:00:07", 1400), ((string?)result["interfaces"]![2]!["mac"], (int)result["interfaces"]![2]!["mtu"]!));
        Assert.Equal("10.0.0.53", (string?)result["dns"]!["nameservers"]![0]);
        pod.Ping("10.77.1.1");
        var check = config.DeepClone().AsObject();
        check["PREVRESULT"] = result.DeepClone();
        Assert.Equal(0, node.Call("CHECK", pod.ContainerId, pod.Path, check).ExitCode);
        Assert.Contains("10.77.1.9", node.Try("nft", "list", "table", "inet", "cnitun").Output, StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:07", node.Try("nft", "list", "table", "bridge", "cnitun").Output, StringComparison.Ordinal);
        config["CNI.dev/Valid-Attachments"] = null;
        Assert.Equal(0, node.Call("GC", string.Empty, string.Empty, config).ExitCode);
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.0.0/24" }], [{ "subnet": "10.1.0.0/24" }]] } }""", "range sets 10.1.0.1-10.1.0.254 and 10.1.0.1-10.1.0.254 overlap")]
    [InlineData("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.0.0/24", "rangeEnd": "10.1.0.128" }], [{ "subnet": "fd00::/64" }], [{ "subnet": "10.2.0.0/24" }, { "subnet": "10.1.0.0/24", "rangeStart": "10.1.0.128" }]] } }""", "overlap")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24", "ranges": [[{ "subnet": "10.0.0.0/8" }]] } }""", "overlap")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24" }, "runtimeConfig": { "ipRanges": [[{ "subnet": "10.1.0.0/25" }]] } }""", "overlap")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "fd00::/64", "ranges": [[{ "subnet": "fd00::/48" }]] } }""", "overlap")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24", "gateway": "10.1.1.1" } }""", "gateway 10.1.1.1 does not lie in subnet")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24", "rangeStart": "10.1.0.0" } }""", "rangeStart 10.1.0.0 is the network address")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24", "rangeEnd": "10.1.0.255" } }""", "rangeEnd 10.1.0.255 is the broadcast address")]
    [InlineData("""{ "ipMasqBackend": "ipchains" }""", "ipMasqBackend 'ipchains'")]
    [InlineData("""{ "ipMasqBackend": "ipchains", "ipMasq": true }""", "ipMasqBackend 'ipchains'")]
    [InlineData("""{ "mtu": 68, "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24" } }""", "mtu 68")]
    [InlineData("""{ "mtu": 69, "ipam": { "type": "cnitun", "subnet": "10.1.0.0/24", "ranges": [[{ "subnet": "fd00::/64" }]] } }""", "mtu 69 is too small for IPv6")]
    [InlineData("""{ "mtu": 1279, "ipam": { "type": "cnitun", "subnet": "fd00::/64" } }""", "mtu 1279 is too small for IPv6")]
    public void What_cannot_work_is_refused_by_ADD_and_STATUS_and_keeps_no_DEL_from_cleaning_up(string keys, string named)
    {
        var config = node.Config(keys);

        foreach (var command in (string[])["ADD", "STATUS"])
        {
            var error = node.Fail(command, pod, config);

            Assert.Equal(7, (int)error["code"]!);
            Assert.Contains(named, (string?)error["msg"], StringComparison.Ordinal);
        }

        node.AssertNothingLeft();
        Assert.DoesNotContain("br0", node.Ip("link"), StringComparison.Ordinal);

        // Edited since ADD.
        config = node.Config($"{{ {TwoFamilies} }}");
        node.Add(pod, config);
        node.Del(pod, node.Config(keys.Contains("\"ipam\"", StringComparison.Ordinal) ? keys : $"{keys[..^1]}, {TwoFamilies} }}"));
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("0.1.0")]
    [InlineData("0.2.0")]
    public void A_version_that_cannot_say_two_addresses_of_a_family_gets_none(string version)
    {
        var config = node.Config("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.1.0.0/24" }], [{ "subnet": "10.2.0.0/24" }]] } }""");
        config["cniVersion"] = version;

        var error = node.Fail("ADD", pod, config);

        Assert.Equal(7, (int)error["code"]!);
        Assert.Contains($"cniVersion {version}", (string?)error["msg"], StringComparison.Ordinal);
        node.AssertNothingLeft();
        Assert.Equal(0, node.Call("DEL", pod.ContainerId, pod.Path, config).ExitCode);
        config["cniVersion"] = "0.3.0";
        node.Add(pod, config);
    }

    [KernelTheory]
    [InlineData("""{ "mtu": 69, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""", 69)]
    [InlineData("""{ "mtu": 1280, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "ranges": [[{ "subnet": "fd00:77:1::/64" }]] } }""", 1280)]
    public void The_smallest_MTU_of_a_family_works(string keys, int mtu)
    {
        var result = node.Add(pod, node.Config(keys));

        Assert.Equal(mtu, (int)result["interfaces"]![2]!["mtu"]!);
    }

    [KernelTheory]
    [InlineData("""{ "runtimeConfig": { "mac": "02-00-00-00-00-0A" } }""")]
    [InlineData("""{ "args": { "cni": { "mac": "0200.0000.000a" } } }""")]
    public void A_MAC_is_read_in_every_form_that_Go_reads(string keys) =>
        Assert.Equal("02:00:00:00:00:0a", (string?)node.Add(pod, node.Config(keys))["interfaces"]![2]!["mac"]);

    [KernelTheory]
    [InlineData("""{ "nameservers": [] }""", "{}")]
    [InlineData("""{ "search": [], "options": null }""", "{}")]
    [InlineData("""{ "domain": "example" }""", """{"domain":"example"}""")]
    [InlineData("""{ }""", """{"nameservers":["10.0.0.53"],"domain":"second","search":["a","b","c"]}""")]
    [InlineData("""{ "nameservers": null, "domain": "" }""", """{"nameservers":["10.0.0.53"],"domain":"second","search":["a","b","c"]}""")]
    public void Name_servers_of_the_configuration_replace_those_of_IPAM_if_they_say_anything(string dns, string told)
    {
        var file = $"{node.DataDirectory}/resolv.conf";
        File.WriteAllText(file, "; one\n# two\ndomain first\nsearch a b\nnameserver 10.0.0.53\nnameserver\nsearch c\ndomain second\nsearch\n");
        var config = node.Config($$"""{ "dns": {{dns}}, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "resolvConf": "{{file}}" } }""");

        Assert.Equal(told, node.Add(pod, config)["dns"]!.ToJsonString());
    }

    [KernelFact]
    public void A_missing_resolver_file_is_told_in_words()
    {
        var config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "resolvConf": "/nonexistent/resolv.conf" } }""");

        var answer = PluginProcess.Run(node, "ADD", pod.ContainerId, pod.Path, config);

        Assert.Contains("ipam.resolvConf /nonexistent/resolv.conf cannot be read: it is not there", answer.Output, StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void Empty_directories_are_the_default()
    {
        var config = node.Config($$"""{ "dataDir": "{{node.DataDirectory}}", "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "dataDir": "" } }""");
        node.Add(pod, config);
        Assert.Equal(["10.77.1.2"], node.Leases());

        config = node.Config($$"""{ "dataDir": "", "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        node.Del(pod, config);
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("eth..0", "br..0")]
    [InlineData("...", "a..b..c")]
    [InlineData("wärme0", "brücke")]
    public void Interfaces_may_be_called_what_the_kernel_lets_them_be_called(string ifname, string bridge)
    {
        var config = node.Config($$"""{ "bridge": "{{bridge}}", {{TwoFamilies}} }""");

        var added = node.Call("ADD", pod.ContainerId, pod.Path, config, ifname);

        Assert.True(added.ExitCode == 0, Node.Text(added));
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        config["prevResult"] = JsonNode.Parse(added.Output.Span);
        var check = node.Call("CHECK", pod.ContainerId, pod.Path, config, ifname);
        Assert.True(check.ExitCode == 0, Node.Text(check));
        Assert.Equal(0, node.Call("DEL", pod.ContainerId, pod.Path, config, ifname).ExitCode);
        node.AssertNoLeases();
        Assert.DoesNotContain(ifname, pod.Ip("link"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void The_longest_container_id_lives_through_all_commands()
    {
        var id = new string('a', 250);
        var config = node.Config($$"""{ "ipMasq": true, "macspoofchk": true, {{TwoFamilies}} }""");
        config["name"] = new string('n', 60);

        var added = node.Call("ADD", id, pod.Path, config);

        Assert.True(added.ExitCode == 0, Node.Text(added));
        config["prevResult"] = JsonNode.Parse(added.Output.Span);
        var check = node.Call("CHECK", id, pod.Path, config);
        Assert.True(check.ExitCode == 0, Node.Text(check));
        config["cni.dev/valid-attachments"] = new JsonArray(new JsonObject { ["containerID"] = id, ["ifname"] = "eth0" });
        Assert.Equal(0, node.Call("GC", string.Empty, string.Empty, config).ExitCode);
        check = node.Call("CHECK", id, pod.Path, config);
        Assert.True(check.ExitCode == 0, Node.Text(check));
        Assert.Equal(0, node.Call("DEL", id, string.Empty, config).ExitCode);
        node.AssertNothingLeft();
        Assert.Equal(0, node.Call("ADD", id, pod.Path, config).ExitCode);
        config["cni.dev/valid-attachments"] = new JsonArray();
        Assert.Equal(0, node.Call("GC", string.Empty, string.Empty, config).ExitCode);
        node.AssertNothingLeft();
        Assert.Contains("CNI_CONTAINERID", Node.Text(node.Call("ADD", id + "a", pod.Path, config)), StringComparison.Ordinal);
        Assert.Equal(0, node.Call("DEL", id + "a", string.Empty, config).ExitCode);
    }

    [KernelFact]
    public void The_search_goes_on_behind_an_address_that_was_asked_for()
    {
        var config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        var asking = config.DeepClone().AsObject();
        asking["runtimeConfig"] = JsonNode.Parse("""{ "ips": ["10.77.1.31"] }""");
        node.Add(pod, asking);
        node.Del(pod, asking);

        Assert.Equal("10.77.1.32/24", (string?)node.Add(pod, config)["ips"]![0]!["address"]);
    }

    [KernelTheory]
    [InlineData("""["10.77.1.31", "10.77.1.32"]""", "10.77.1.32", "another of it was asked for")]
    [InlineData("""["10.77.1.1"]""", "10.77.1.1", "it is the gateway's")]
    [InlineData("""["10.78.1.1"]""", "10.78.1.1", "no range set holds it")]
    public void An_address_that_cannot_be_given_is_told_with_the_reason(string ips, string address, string why)
    {
        var config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        config["runtimeConfig"] = new JsonObject { ["ips"] = JsonNode.Parse(ips) };

        var error = node.Fail("ADD", pod, config);

        Assert.Equal(106, (int)error["code"]!);
        Assert.Contains(address, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Contains(why, (string?)error["msg"], StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void An_address_that_is_asked_for_twice_is_given_once()
    {
        var config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        config["runtimeConfig"] = JsonNode.Parse("""{ "ips": ["10.77.1.31", "10.77.1.31/24"] }""");

        Assert.Equal("10.77.1.31/24", (string?)Assert.Single(node.Add(pod, config)["ips"]!.AsArray())!["address"]);
    }
}
