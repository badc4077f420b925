using System.Text.Json.Nodes;
using CniTun.Cni;

namespace CniTun.Endpoint.Tests;

/// <summary>Addresses from other IPAM plugins: the reference ones, and scripts of the test's own that go wrong.</summary>
public sealed class DelegationTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-test-plugins-").FullName;

    private string Calls => $"{directory}/calls";

    [KernelTheory]
    [InlineData("""{ "type": "host-local", "ranges": [[{ "subnet": "10.77.1.0/24" }], [{ "subnet": "fd00:77:1::/64" }]] }""", "10.77.1.2/24")]
    [InlineData("""{ "type": "static", "addresses": [{ "address": "10.77.1.7/24", "gateway": "10.77.1.1" }, { "address": "fd00:77:1::7/64" }] }""", "10.77.1.7/24")]
    public void The_reference_plugins_serve_ADD_CHECK_and_DEL(string ipam, string address)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = Config(node, ipam);

        var result = Succeed(node, "ADD", pod, config);

        Assert.Equal(address, (string?)result!["ips"]![0]!["address"]);
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        var check = config.DeepClone();
        check["prevResult"] = result.DeepClone();
        Succeed(node, "CHECK", pod, check);
        Succeed(node, "DEL", pod, config);
        Succeed(node, "DEL", pod, config);
        node.AssertNothingLeft();
        Assert.DoesNotContain("10.77.1.2", Directory.Exists($"{directory}/net/pods") ? Directory.GetFiles($"{directory}/net/pods").Select(Path.GetFileName) : []);
    }

    [KernelFact]
    public void A_failing_plugin_is_quoted_and_told_to_release()
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("broken", """[ "$CNI_COMMAND" = DEL ] || { echo '{ "cniVersion": "1.0.0", "code": 11, "msg": "the pool sleeps", "details": "wake it" }'; exit 1; }""");

        var error = Fail(node, pod, Config(node, """{ "type": "broken" }"""));

        Assert.Equal(11, (int)error["code"]!);
        Assert.Contains("the pool sleeps", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal("wake it", (string?)error["details"]);
        Assert.Equal(["ADD", "DEL"], File.ReadAllLines(Calls));
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("echo this is no JSON", 6)]
    [InlineData("echo '{ \"ips\": 5 }'", 6)]
    [InlineData("true", 6)]
    [InlineData("kill -9 $$", 105)]
    [InlineData("exit 3", 105)]
    [InlineData("echo garbage; exit 1", 105)]
    [InlineData("echo '{ \"code\": 4242, \"msg\": \"mine\" }'; exit 1", 105)]
    [InlineData("head -c 9000000 /dev/zero", 6)]
    public void A_plugin_that_answers_nonsense_is_told_to_release_and_leaves_nothing(string body, int code)
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("odd", $"""[ "$CNI_COMMAND" = DEL ] || ( {body} )""");

        var error = Fail(node, pod, Config(node, """{ "type": "odd" }"""));

        Assert.Equal(code, (int)error["code"]!);
        Assert.Contains("odd", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal(["ADD", "DEL"], File.ReadAllLines(Calls));
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("1.0.0", """{ "cniVersion": "1.0.0" }""", 105, "no address")]
    [InlineData("1.0.0", """{ "cniVersion": "1.0.0", "ips": [], "routes": [] }""", 105, "no address")]
    [InlineData("0.2.0", """{ "cniVersion": "0.2.0", "ips": [{ "address": "10.77.1.9/24" }, { "address": "10.77.2.9/24" }] }""", 7, "cniVersion 0.2.0")]
    [InlineData("1.0.0", """{ "cniVersion": "1.0.0", "ips": [{ "address": "fd00:77:1::9/64" }] }""", 7, "mtu 1279 is too small for IPv6")]
    public void Addresses_that_no_container_can_have_are_given_back(string version, string result, int code, string named)
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("odd", $"[ \"$CNI_COMMAND\" = DEL ] || echo '{result}'");
        var config = Config(node, """{ "type": "odd" }""");
        config["cniVersion"] = version;
        config["mtu"] = 1279;

        var error = Fail(node, pod, config);

        Assert.Equal(code, (int)error["code"]!);
        Assert.Contains(named, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal(["ADD", "DEL"], File.ReadAllLines(Calls));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void What_fails_after_the_plugin_gave_an_address_is_followed_by_its_DEL()
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("generous", """[ "$CNI_COMMAND" = DEL ] || echo '{ "cniVersion": "1.1.0", "ips": [{ "address": "10.77.1.9/24" }], "routes": [{ "dst": "192.0.2.0/24", "gw": "203.0.113.1" }] }'""");

        var error = Fail(node, pod, Config(node, """{ "type": "generous" }"""));

        Assert.Equal(100, (int)error["code"]!);
        Assert.Equal(["ADD", "DEL"], File.ReadAllLines(Calls));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void The_plugin_sees_the_configuration_and_the_environment_as_they_came()
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("curious", $$"""cat > {{directory}}/config; env | grep ^CNI_ | sort > {{directory}}/environment; echo '{ "cniVersion": "1.1.0", "ips": [{ "address": "10.77.1.9/24" }] }'""");
        var config = Config(node, """{ "type": "curious", "a key of its own": [1, 2.5, null, "ü"] }""");

        Succeed(node, "ADD", pod, config);

        Assert.Equal(config.ToJsonString(), File.ReadAllText($"{directory}/config"));
        Assert.Equal(
            ["CNI_ARGS=", "CNI_COMMAND=ADD", $"CNI_CONTAINERID={pod.ContainerId}", "CNI_IFNAME=eth0", $"CNI_NETNS={pod.Path}", $"CNI_PATH={directory}:/usr/lib/cni"],
            File.ReadAllLines($"{directory}/environment"));
    }

    [KernelFact]
    public void GC_and_STATUS_are_forwarded()
    {
        using var node = new Node();
        using var pod = new Pod();
        Script("quiet", """[ "$CNI_COMMAND" != STATUS ] || { echo '{ "code": 50, "msg": "not now" }'; exit 1; }""");
        var config = Config(node, """{ "type": "quiet" }""");

        var status = Call(node, "STATUS", pod, config);
        config["cni.dev/valid-attachments"] = new JsonArray();
        Succeed(node, "GC", pod, config);

        Assert.Equal(50, (int)JsonNode.Parse(status.Output.Span)!["code"]!);
        Assert.Equal(["STATUS", "GC"], File.ReadAllLines(Calls));
    }

    [KernelFact]
    public void A_plugin_that_is_not_there_or_not_executable_is_named_with_where_it_was_sought()
    {
        using var node = new Node();
        using var pod = new Pod();
        File.WriteAllText($"{directory}/plain", "not a program");

        var missing = Fail(node, pod, Config(node, """{ "type": "no-such" }"""));
        var plain = Fail(node, pod, Config(node, """{ "type": "plain" }"""));

        Assert.Equal((105, 105), ((int)missing["code"]!, (int)plain["code"]!));
        Assert.Contains(directory, missing.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains($"{directory}/plain", plain.ToJsonString(), StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static JsonNode? Parse(CniAnswer answer) => answer.Output.IsEmpty ? null : JsonNode.Parse(answer.Output.Span);

    /// <summary>Makes a plugin that notes each call and then does what the body says.</summary>
    private void Script(string name, string body)
    {
        File.WriteAllText($"{directory}/{name}", $"#!/bin/sh\necho \"$CNI_COMMAND\" >> {Calls}\n{body}\n");
        File.SetUnixFileMode($"{directory}/{name}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private JsonObject Config(Node node, string ipam)
    {
        var config = node.Config("""{ "isDefaultGateway": true, "cniVersion": "1.0.0" }""");
        config["dataDir"] = node.DataDirectory;
        config["ipam"] = JsonNode.Parse(ipam);
        if (ipam.Contains("host-local", StringComparison.Ordinal))
        {
            config["ipam"]!["dataDir"] = $"{directory}/net";
        }
        else if (!ipam.Contains("static", StringComparison.Ordinal))
        {
            config["cniVersion"] = "1.1.0";
        }

        return config;
    }

    private CniAnswer Call(Node node, string command, Pod pod, JsonNode config) => node.Call(
        command,
        pod.ContainerId,
        pod.Path,
        config,
        variables: new Dictionary<string, string>(StringComparer.Ordinal) { ["CNI_PATH"] = $"{directory}:/usr/lib/cni" });

    private JsonNode? Succeed(Node node, string command, Pod pod, JsonNode config)
    {
        var answer = Call(node, command, pod, config);
        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        return Parse(answer);
    }

    private JsonNode Fail(Node node, Pod pod, JsonNode config)
    {
        var answer = Call(node, "ADD", pod, config);
        Assert.Equal(1, answer.ExitCode);
        return Parse(answer)!;
    }
}
