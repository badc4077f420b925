using CniTun.Agent.Settings;

namespace CniTun.Agent.Tests.Settings;

public sealed class CommandLineTests
{
    [Fact]
    public void Help_names_every_setting() => Snapshot.Match(CommandLine.Help);

    [Fact]
    public void Each_key_of_the_file_is_a_flag() =>
        Assert.Equal(
            ["--node-name", "--peers-file", "--state-dir", "--network", "--bridge", "--tunnel-interface", "--tunnel-socket", "--listen-port", "--mtu", "--cni-config-file", "--ipam-data-dir", "--resync-seconds"],
            SettingTable.All.Select(setting => setting.Flag));

    [Fact]
    public void Flags_win_over_the_file_and_the_last_of_two_wins()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{"listenPort": 1, "bridge": "br1"}""");

            var settings = CommandLine.Parse(["--listen-port", "2", "--config", file, "--listen-port=3"]).ReadSettings();

            Assert.Equal(3, settings.ListenPort);
            Assert.Equal("br1", settings.Bridge);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("unknown option '--port'", "--port", "1")]
    [InlineData("--config needs a value", "--config")]
    [InlineData("--mtu: 5 is not a whole number from 576 to 65507", "--mtu", "5")]
    [InlineData("unexpected argument 'start'", "start")]
    [InlineData("unexpected argument 'show-key'", "show-key", "show-key")]
    public void A_mistake_in_usage_is_named(string complaint, params string[] arguments) =>
        Assert.Equal(complaint, Assert.Throws<AgentException>(() => CommandLine.Parse(arguments)).Message);

    [Theory]
    [InlineData(Verb.Run, "--config", "/x")]
    [InlineData(Verb.ShowKey, "show-key", "--config", "/x")]
    [InlineData(Verb.ShowKey, "--state-dir", "/x", "show-key")]
    [InlineData(Verb.Help, "show-key", "-h", "nonsense")]
    [InlineData(Verb.Version, "--version")]
    public void The_verb_may_stand_anywhere(Verb verb, params string[] arguments) => Assert.Equal(verb, CommandLine.Parse(arguments).Verb);
}
