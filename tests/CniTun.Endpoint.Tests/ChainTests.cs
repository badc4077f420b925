using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>Reference plugins behind ours in a chain, as a runtime runs them: each gets the result of the one before.</summary>
public sealed class ChainTests
{
    private const string PluginDirectory = "/usr/lib/cni";

    [KernelTheory]
    [InlineData("""{ "type": "tuning", "mtu": 1300, "sysctl": { "net.ipv4.conf.eth0.arp_filter": "1" } }""")]
    [InlineData("""{ "type": "tuning", "mac": "02:00:00:00:0a:09", "mtu": 1300 }""")]
    [InlineData("""{ "type": "tuning", "mac": "02-00-00-00-0a-09", "mtu": 1280, "promisc": true }""")]
    [InlineData("""{ "type": "bandwidth", "ingressRate": 8000000, "ingressBurst": 8000000, "egressRate": 8000000, "egressBurst": 8000000 }""")]
    [InlineData("""{ "type": "firewall", "backend": "iptables" }""")]
    [InlineData("""{ "type": "portmap", "runtimeConfig": { "portMappings": [{ "hostPort": 8080, "containerPort": 80, "protocol": "tcp" }] } }""")]
    [InlineData("""{ "type": "sbr" }""")]
    public void Do_ADD_CHECK_and_DEL_with_our_result(string next)
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "cniVersion": "1.0.0", "isDefaultGateway": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24" } }""");
        var behind = JsonNode.Parse(next)!.AsObject();
        behind["cniVersion"] = "1.0.0";
        behind["name"] = "pods";
        var program = $"{PluginDirectory}/{(string)behind["type"]!}";

        behind["prevResult"] = JsonNode.Parse(Succeed(node, PublishedBinary.Path("cnitun"), "ADD", pod, config));
        var final = JsonNode.Parse(Succeed(node, program, "ADD", pod, behind));

        // From its address: behind sbr the routes hang on that.
        pod.Run("ping", "-c", "1", "-W", "30", "-I", "10.77.1.2", "10.77.1.1");
        config["prevResult"] = final!.DeepClone();
        behind["prevResult"] = final.DeepClone();

        Succeed(node, PublishedBinary.Path("cnitun"), "CHECK", pod, config);
        if ((string)behind["type"]! is not "portmap" && behind["promisc"] is null)
        {
            // Debian's portmap 1.1.1 looks for its rules in ip6tables though there is no IPv6 address, and fails behind the reference bridge as well;
            // its tuning 1.1.1 looks for the MAC in the very letters that it was written in.
            Succeed(node, program, "CHECK", pod, behind);
        }

        Succeed(node, program, "DEL", pod, behind);
        Succeed(node, PublishedBinary.Path("cnitun"), "DEL", pod, config);
        node.AssertNoLeases();
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
        Assert.DoesNotContain(node.Endpoints(), name => name.StartsWith("cnt", StringComparison.Ordinal));
    }

    private static string Succeed(Node node, string program, string command, Pod pod, JsonNode config)
    {
        var environment = PluginProcess.Environment(command, pod.ContainerId, pod.Path);
        environment["CNI_PATH"] = PluginDirectory;
        var answer = Command.Try("ip", ["netns", "exec", node.Name, program], environment, config.ToJsonString());
        Assert.True(answer.ExitCode == 0, $"{program} {command}: {answer.Output}{answer.Error}");
        return answer.Output;
    }
}
