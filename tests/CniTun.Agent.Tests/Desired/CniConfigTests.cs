using System.Text;
using CniTun.Addresses;
using CniTun.Agent.Desired;

namespace CniTun.Agent.Tests.Desired;

public sealed class CniConfigTests
{
    [Fact]
    public void The_config_of_a_dual_stack_node() =>
        Snapshot.Match(CniConfig.Format(Samples.Settings, Samples.A.PodCidrs, mtuBytes: 1472));

    [Fact]
    public void The_config_of_a_node_with_settings_of_its_own() =>
        Snapshot.Match(CniConfig.Format(
            Samples.Settings with { Network = "pods", Bridge = "br9", IpamDataDir = "/run/pods+\"more\"" },
            [Cidr.Parse("fd00:77:1::/64")],
            mtuBytes: 8952));

    [Fact]
    public void Our_own_config_is_recognised() =>
        Assert.True(CniConfig.IsOurs(Encoding.UTF8.GetBytes(CniConfig.Format(Samples.Settings, Samples.A.PodCidrs, 1472))));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"plugins": []}""")]
    [InlineData("""{"plugins": [{"type": "flannel"}, {"type": "cnitun"}]}""")]
    [InlineData("""{"plugins": [{"type": 1}]}""")]
    [InlineData("""{"plugins": ["cnitun"]}""")]
    public void Anything_else_is_not(string content) => Assert.False(CniConfig.IsOurs(Encoding.UTF8.GetBytes(content)));
}
