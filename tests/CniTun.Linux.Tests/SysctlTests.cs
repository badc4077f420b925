using CniTun.Linux.Namespaces;

namespace CniTun.Linux.Tests;

public sealed class SysctlTests
{
    [KernelFact]
    public void A_setting_is_that_of_the_namespace_of_the_thread()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);

        Assert.True(inside.Run(() => Sysctl.TryWrite("net/ipv4/conf/lo/forwarding", "1")));

        Assert.Equal("1", inside.Run(() => Sysctl.TryRead("net/ipv4/conf/lo/forwarding")));
        Assert.Equal("1", node.Run("cat", "/proc/sys/net/ipv4/conf/lo/forwarding").Trim());
    }

    [Fact]
    public void A_setting_that_the_kernel_does_not_have_is_no_error()
    {
        Assert.Null(Sysctl.TryRead("net/ipv4/conf/nothing0/forwarding"));
        Assert.False(Sysctl.TryWrite("net/ipv4/conf/nothing0/forwarding", "1"));
    }

    [KernelFact]
    public void A_value_that_the_kernel_refuses_is_named()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);

        var refused = Assert.Throws<LinuxException>(() => inside.Run(() => Sysctl.TryWrite("net/ipv4/conf/lo/forwarding", "x")));
        Assert.Contains("net/ipv4/conf/lo/forwarding", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    public void A_name_leads_nowhere_else(string name) => Assert.Throws<ArgumentException>(() => Sysctl.TryRead(name));
}
