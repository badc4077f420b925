using System.Text;
using CniTun.Agent.Settings;
using CniTun.Daemon;

namespace CniTun.Agent.Tests.Settings;

public sealed class SettingsFileTests
{
    private const string Everything = """
        {
          "nodeName": "node-a",
          "peersFile": "/etc/cnitun/peers.json",
          "stateDir": "/var/lib/other",
          "network": "pods",
          "bridge": "br9",
          "tunnelInterface": "tun9",
          "tunnelSocket": "/run/tun9.sock",
          "listenPort": 7000,
          "mtu": 1400,
          "cniConfigFile": "/etc/cni/net.d/05-pods.conflist",
          "ipamDataDir": "/run/pods",
          "resyncSeconds": 30
        }
        """;

    [Fact]
    public void Every_setting_can_be_set()
    {
        Assert.Equal(
            new AgentSettings
            {
                NodeName = "node-a",
                PeersFile = "/etc/cnitun/peers.json",
                StateDir = "/var/lib/other",
                Network = "pods",
                Bridge = "br9",
                TunnelInterface = "tun9",
                TunnelSocket = "/run/tun9.sock",
                ListenPort = 7000,
                MtuBytes = 1400,
                CniConfigFile = "/etc/cni/net.d/05-pods.conflist",
                IpamDataDir = "/run/pods",
                Resync = TimeSpan.FromSeconds(30),
            },
            Read(Everything));
    }

    [Fact]
    public void What_the_file_does_not_say_stays_at_its_default() => Assert.Equal(new AgentSettings(), Read("{}"));

    [Fact]
    public void An_automatic_mtu_can_be_said_aloud() => Assert.Null(Read("""{"mtu": "auto"}""").MtuBytes);

    [Theory]
    [InlineData("""{"listenport": 1}""", "listenport: unknown key; known are nodeName, ")]
    [InlineData("""{"config": "/x"}""", "config: unknown key")]
    [InlineData("""{"listenPort": 0}""", "listenPort: 0 is not a whole number from 1 to 65535")]
    [InlineData("""{"listenPort": 1.5}""", "listenPort: 1.5 is not a whole number from 1 to 65535")]
    [InlineData("""{"listenPort": "6080"}""", "listenPort: must be a number")]
    [InlineData("""{"nodeName": null}""", "nodeName: must be a string")]
    [InlineData("""{"nodeName": ""}""", "nodeName: must not be empty")]
    [InlineData("""{"mtu": 575}""", "mtu: 575 is not a whole number from 576 to 65507")]
    [InlineData("""{"mtu": "big"}""", "mtu: 'big' is neither auto nor a number of bytes")]
    [InlineData("""{"mtu": true}""", "mtu: must be a string or a number")]
    [InlineData("""{"stateDir": "lib"}""", "stateDir: 'lib' is not an absolute path")]
    [InlineData("""{"network": "../x"}""", "network: '../x' is not a network name")]
    [InlineData("""{"bridge": "a-name-too-long-"}""", "bridge: 'a-name-too-long-' is not an interface name")]
    [InlineData("""{"cniConfigFile": "/etc/cni/net.d/x.json"}""", "cniConfigFile: '/etc/cni/net.d/x.json' does not end in .conflist")]
    [InlineData("""{"mtu": "auto", "mtu": 1400}""", "not valid JSON")]
    [InlineData("{\n  \"mtu\": auto\n}", "line 2, byte 10: not valid JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("", "line 1, byte 1: not valid JSON")]
    public void A_mistake_is_named_with_its_key(string content, string complaint) =>
        Assert.StartsWith(complaint, Assert.Throws<OperatorException>(() => Read(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.Equal(
            "/nonexistent/agent.json: cannot be read: no such file",
            Assert.Throws<OperatorException>(() => SettingsFile.Read(SettingTable.Options.Parse(["--config", "/nonexistent/agent.json"]))).Message);

    [Fact]
    public void No_damage_to_the_file_makes_it_throw_anything_else()
    {
        var random = new Random(1);
        var original = Encoding.UTF8.GetBytes(Everything);
        for (var round = 0; round < 5_000; round++)
        {
            var damaged = original.AsSpan(0, random.Next(original.Length + 1)).ToArray();
            for (var i = 0; i < 3 && damaged.Length > 0; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                SettingsFile.Parse(damaged);
            }
            catch (OperatorException)
            {
                // The only answer to a bad file.
            }
        }
    }

    private static AgentSettings Read(string content) => SettingsFile.Parse(Encoding.UTF8.GetBytes(content));
}
