using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

public sealed class ImportTests
{
    [KernelFact]
    public void Addresses_that_host_local_gave_out_are_not_given_out_again_and_go_with_their_DEL()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var old = new Pod();
        var directory = Directory.CreateTempSubdirectory("cnitun-test-host-local-").FullName;
        File.WriteAllText($"{directory}/10.77.1.2", $"{old.ContainerId}\r\neth0");
        File.WriteAllText($"{directory}/10.77.1.3", "another-container\r\nnet1");
        File.WriteAllText($"{directory}/10.99.0.1", "of-another-network\r\neth0");
        File.WriteAllText($"{directory}/10.77.1.9", "../../etc/passwd\r\neth0");
        File.WriteAllText($"{directory}/10.77.1.10", "a-container\r\n../../../../tmp/x");
        File.WriteAllText($"{directory}/10.77.1.11", $"{new string('a', 300)}\r\neth0");
        File.WriteAllText($"{directory}/last_reserved_ip.0", "10.77.1.40");
        File.WriteAllText($"{directory}/last_reserved_ip.1", "no address");
        Directory.CreateDirectory($"{directory}/10.77.1.12");
        File.CreateSymbolicLink($"{directory}/10.77.1.13", "/etc/hostname");
        File.WriteAllText($"{directory}/lock", string.Empty);
        var config = node.Config($$"""
            { "isGateway": true, "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "importDir": "{{directory}}" } }
            """);
        try
        {
            // Behind the last that host-local gave out.
            Assert.Equal("10.77.1.41/24", (string?)node.Add(pod, config)["ips"]![0]!["address"]);
            Assert.Equal(
                ["10.77.1.2", "10.77.1.3", "10.77.1.41"],
                Directory.GetFiles($"{node.DataDirectory}/pods/addresses").Select(Path.GetFileName).Order(StringComparer.Ordinal));

            node.Del(old, config);
            Assert.False(File.Exists($"{node.DataDirectory}/pods/addresses/10.77.1.2"));

            // Once only: what DEL freed does not come back.
            node.Del(pod, config);
            node.Add(pod, config);
            Assert.False(File.Exists($"{node.DataDirectory}/pods/addresses/10.77.1.2"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [KernelFact]
    public void A_directory_that_is_not_there_is_no_error()
    {
        using var node = new Node();
        using var pod = new Pod();

        JsonNode config = node.Config("""{ "ipam": { "type": "cnitun", "subnet": "10.77.1.0/24", "importDir": "/nonexistent" } }""");

        Assert.Equal("10.77.1.2/24", (string?)node.Add(pod, config)["ips"]![0]!["address"]);
    }
}
