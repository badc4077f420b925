using CniTun.Agent.Settings;
using CniTun.Daemon;

namespace CniTun.Agent.Tests.Settings;

public sealed class CommandLineTests
{
    private static readonly OptionTable<AgentSettings> Table = new(
        "Does nothing.",
        "So there.",
        verbs: [],
        new("name", "NAME", "a value", static (settings, _) => settings),
        new("quiet", null, "a switch", static (settings, _) => settings));

    [Fact]
    public void Help_names_every_setting() => Snapshot.Match(SettingTable.Options.Help);

    [Fact]
    public void Each_key_of_the_file_is_a_flag() =>
        Assert.Equal(
            ["--node-name", "--peers-file", "--state-dir", "--network", "--bridge", "--tunnel-interface", "--tunnel-socket", "--listen-port", "--mtu", "--cni-config-file", "--ipam-data-dir", "--resync-seconds"],
            SettingTable.Options.Options.Where(option => option.Kinds.Length > 0).Select(option => option.Flag));

    [Fact]
    public void Flags_win_over_the_file_and_the_last_of_two_wins()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{"listenPort": 1, "bridge": "br1"}""");

            var settings = SettingsFile.Read(SettingTable.Options.Parse(["--listen-port", "2", "--config", file, "--listen-port=3"]));

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
        Assert.Equal(complaint, Assert.Throws<OperatorException>(() => SettingTable.Options.Parse(arguments)).Message);

    [Theory]
    [InlineData(null, "--config", "/x")]
    [InlineData("show-key", "show-key", "--config", "/x")]
    [InlineData("show-key", "--state-dir", "/x", "show-key")]
    [InlineData("--help", "show-key", "-h", "nonsense")]
    [InlineData("--version", "--version")]
    public void The_verb_may_stand_anywhere(string? verb, params string[] arguments) => Assert.Equal(verb, SettingTable.Options.Parse(arguments).Verb);

    [Theory]
    [InlineData("br1", "--name=br1")]
    [InlineData("", "--quiet")]
    [InlineData("--quiet", "--name", "--quiet")]
    public void A_switch_takes_no_value_and_a_value_may_look_like_an_option(string expected, params string[] arguments) =>
        Assert.Equal(expected, Assert.Single(Table.Parse(arguments).Given).Value);

    [Fact]
    public void A_switch_with_a_value_is_a_mistake() =>
        Assert.Equal("--quiet takes no value", Assert.Throws<OperatorException>(() => Table.Parse(["--quiet=1"])).Message);
}
