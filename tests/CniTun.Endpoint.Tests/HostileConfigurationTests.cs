using System.Text;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>Input that nobody should send: one JSON object with a code, exit 1, nothing made, nothing written outside the lease directory.</summary>
public sealed class HostileConfigurationTests
{
    private const string Valid = """
        {"cniVersion":"1.1.0","name":"pods","type":"cnitun","bridge":"br0","isGateway":true,"mtu":1400,"dns":{"nameservers":["10.0.0.1"]},
         "ipam":{"type":"cnitun","dataDir":"DIRECTORY","ranges":[[{"subnet":"10.77.1.0/24","rangeStart":"10.77.1.9"}]],"routes":[{"dst":"0.0.0.0/0"}]},
         "runtimeConfig":{"mac":"02:00:00:00:00:01","ips":["10.77.1.20"]},"args":{"cni":{"ips":["10.77.1.21"]}}}
        """;

    private const string MoreKeys = """
        "prevResult":{"ips":[{"address":"10.1.1.1/8","interface":0}],"interfaces":[{"name":"a"}],"routes":[{"dst":"::/0"}]},
        "cni.dev/valid-attachments":[{"containerID":"a","ifname":"b"}],"runtimeConfig"
        """;

    public static TheoryData<string, string, int> Configurations => new()
    {
        { "\"pods\"", "\"../../etc\"", 7 },
        { "\"pods\"", "\"..\"", 7 },
        { "\"pods\"", "\"a/b\"", 7 },
        { "\"pods\"", "\"a\\u0000b\"", 7 },
        { "\"pods\"", "\"\"", 7 },
        { "\"pods\"", "\"LONG\"", 102 },
        { "\"br0\"", "\"../../etc/x\"", 7 },
        { "\"br0\"", "\"..\"", 7 },
        { "\"br0\"", "\"br\\u0000\"", 7 },
        { "\"br0\"", "\"br\\n0\"", 7 },
        { "\"br0\"", "\"br%d\"", 7 },
        { "\"br0\"", "\"all\"", 7 },
        { "\"br0\"", "\"default\"", 7 },
        { "\"type\":\"cnitun\",\"dataDir\"", "\"type\":\"../../bin/sh\",\"dataDir\"", 7 },
        { "\"type\":\"cnitun\",\"dataDir\"", "\"type\":\"..\",\"dataDir\"", 7 },
        { "\"type\":\"cnitun\",\"dataDir\"", "\"type\":\"a\\u0000b\",\"dataDir\"", 7 },
        { "\"DIRECTORY\"", "\"DIRECTORY/../../etc\"", 7 },
        { "\"DIRECTORY\"", "\"/proc/\\u0000\"", 7 },
        { "\"DIRECTORY\"", "\"DIRECTORY/LONG\"", 102 },
        { "\"DIRECTORY\"", "\"DIRECTORY\",\"resolvConf\":\"/etc\"", 7 },
        { "\"DIRECTORY\"", "\"DIRECTORY\",\"resolvConf\":\"/dev/zero\"", 7 },
        { "\"DIRECTORY\"", "\"DIRECTORY\",\"resolvConf\":\"a\\u0000b\"", 7 },
        { "1400", "1e400", 6 },
        { "1400", "1400.5", 6 },
        { "1400", "-9223372036854775809", 6 },
        { "1400", "99999999999999999999999999", 6 },
        { "1400", "65536", 7 },
        { "10.77.1.0/24", "10.77.1.0/33", 6 },
        { "10.77.1.0/24", "10.77.1.0/-1", 6 },
        { "10.77.1.0/24", "10.77.1.0/24/24", 6 },
        { "0.0.0.0/0", "0.0.0.0/0\\u0000", 6 },
        { "02:00:00:00:00:01", "01:00:5e:00:00:01", 7 },
        { "02:00:00:00:00:01", "00:00:00:00:00:00", 7 },
        { "\"dns\":{", "\"prevResult\":5,\"dns\":{", 6 },
        { "\"dns\":{", "\"prevResult\":{\"cniVersion\":\"9\",\"ips\":[{\"address\":\"x\"}]},\"dns\":{", 6 },
        { "\"dns\":{", "\"prevResult\":{\"interfaces\":{}},\"dns\":{", 6 },
        { "\"dns\":{", "\"prevResult\":DEEP,\"dns\":{", 6 },
        { "\"dns\":{", "\"x\":DEEP,\"dns\":{", 6 },
        { "{\"cniVersion\"", "DEEP{\"cniVersion\"", 6 },
        { "}}}", "}}", 6 },
        { "}}}", "}}}}", 6 },
        { "}}}", "}}}{}", 6 },
        { "\"bridge\":", "bridge:", 6 },
        { "\"bridge\":\"br0\"", "\"bridge\":\"br0\",\"Bridge\":\"../x\"", 7 },
        { "\"name\":\"pods\"", "\"name\":\"pods\",\"NAME\":\"../x\"", 7 },
    };

    [KernelTheory]
    [MemberData(nameof(Configurations))]
    public void Is_refused_with_a_code_before_anything_is_made(string replace, string by, int code)
    {
        using var node = new Node();
        using var pod = new Pod();
        var input = Valid.Replace(replace, by, StringComparison.Ordinal)
            .Replace("DIRECTORY", node.DataDirectory, StringComparison.Ordinal)
            .Replace("LONG", new string('n', 5000), StringComparison.Ordinal)
            .Replace("DEEP", new string('[', 100_000), StringComparison.Ordinal);

        var answer = PluginProcess.RunRaw(node, PluginProcess.Environment("ADD", pod.ContainerId, pod.Path), input);

        AssertError(answer, code);
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData("CNI_CONTAINERID", "../../etc")]
    [InlineData("CNI_CONTAINERID", "..")]
    [InlineData("CNI_CONTAINERID", "a/b")]
    [InlineData("CNI_CONTAINERID", "a:b")]
    [InlineData("CNI_CONTAINERID", "a\nb")]
    [InlineData("CNI_CONTAINERID", "LONG")]
    [InlineData("CNI_IFNAME", "../eth0")]
    [InlineData("CNI_IFNAME", "..")]
    [InlineData("CNI_IFNAME", "eth%d")]
    [InlineData("CNI_IFNAME", "e h")]
    [InlineData("CNI_IFNAME", "eth\u0001")]
    [InlineData("CNI_IFNAME", "a-name-of-16-byte")]
    [InlineData("CNI_IFNAME", "all")]
    [InlineData("CNI_IFNAME", "default")]
    [InlineData("CNI_NETNS", "/")]
    [InlineData("CNI_NETNS", "/dev/null")]
    [InlineData("CNI_NETNS", "LONG")]
    [InlineData("CNI_ARGS", "IP")]
    [InlineData("CNI_COMMAND", "add")]
    [InlineData("CNI_COMMAND", "ADD ")]
    public void A_variable_that_leads_elsewhere_is_error_4_and_named(string variable, string value)
    {
        using var node = new Node();
        using var pod = new Pod();
        var environment = PluginProcess.Environment("ADD", pod.ContainerId, pod.Path);
        environment[variable] = value.Replace("LONG", new string('n', 5000), StringComparison.Ordinal);

        var answer = PluginProcess.RunRaw(node, environment, Valid.Replace("DIRECTORY", node.DataDirectory, StringComparison.Ordinal));

        AssertError(answer, 4);
        Assert.Contains(variable, answer.Output, StringComparison.Ordinal);
        node.AssertNothingLeft();
    }

    [KernelTheory]
    [InlineData(10_000_000)]
    [InlineData(4 * 1024 * 1024)]
    public void Ten_megabytes_are_refused_within_bounds(int bytes)
    {
        using var node = new Node();
        using var pod = new Pod();
        var input = $"{{\"cniVersion\":\"1.1.0\",\"name\":\"{new string('x', bytes)}";

        AssertError(PluginProcess.RunRaw(node, PluginProcess.Environment("ADD", pod.ContainerId, pod.Path), input), 7);
    }

    /// <summary>STATUS reads all that ADD reads and makes no interface, so thousands of odd configurations can be tried in this process.</summary>
    [KernelFact]
    public void Nothing_that_a_mutation_makes_of_a_configuration_is_a_fault_of_ours()
    {
        using var node = new Node();
        var random = new Random(20261123);

        // In front and untouched, so that nothing is made elsewhere.
        var directory = Encoding.UTF8.GetBytes($"{{\"dataDir\":\"{node.DataDirectory}\",");
        var valid = Encoding.UTF8.GetBytes(Valid[1..].Replace("\"runtimeConfig\"", MoreKeys, StringComparison.Ordinal));
        for (var round = 0; round < 20_000; round++)
        {
            byte[] input = [.. directory, .. Mutated(valid, random)];
            var command = (round % 3) switch { 0 => "STATUS", 1 => "GC", _ => "DEL" };
            var answer = node.CallRaw(command, "container", input);

            if (answer.ExitCode == 0)
            {
                Assert.True(answer.Output.IsEmpty);
                continue;
            }

            var error = JsonNode.Parse(answer.Output.Span)!;
            Assert.True((int)error["code"]! is > 0 and < 999, $"round {round}: {Node.Text(answer)} for {Encoding.UTF8.GetString(input)}");
            Assert.True(answer.Output.Length < 4096);
        }
    }

    /// <summary>Changes a few bytes, mostly to those that mean something in JSON.</summary>
    private static byte[] Mutated(byte[] valid, Random random)
    {
        var input = valid.ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            ref var changed = ref input[random.Next(input.Length)];
            changed = random.Next(4) switch
            {
                0 => (byte)random.Next(256),
                1 => "\"{}[],:0-9eE\\un\0"u8[random.Next(16)],
                2 => (byte)(changed ^ (1 << random.Next(8))),
                _ => valid[random.Next(valid.Length)],
            };
        }

        return random.Next(10) == 0 ? input[..random.Next(input.Length)] : input;
    }

    private static void AssertError(Answer answer, int code)
    {
        Assert.True(answer.ExitCode == 1, $"exit {answer.ExitCode}: {answer.Output}{answer.Error}");
        var error = JsonNode.Parse(answer.Output)!;
        Assert.True(code == (int)error["code"]!, answer.Output);
        Assert.False(string.IsNullOrEmpty((string?)error["msg"]));
        Assert.DoesNotContain("   at ", answer.Output + answer.Error, StringComparison.Ordinal);
        Assert.True(answer.Output.Length < 4096, answer.Output);
        Assert.Empty(answer.Error);
    }
}
