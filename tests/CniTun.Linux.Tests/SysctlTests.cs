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

    [KernelFact]
    public void Dots_may_be_part_of_an_interfaces_name()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);
        foreach (var name in new[] { "a..b", "..a", "a..", "...", "a.b" })
        {
            node.Ip("link", "add", "name", name, "type", "bridge");
            Assert.True(inside.Run(() => Sysctl.TryWrite($"net/ipv6/conf/{name}/accept_ra", "0")));
            Assert.Equal("0", inside.Run(() => Sysctl.TryRead($"net/ipv6/conf/{name}/accept_ra")));
        }
    }

    [KernelFact]
    public void An_interface_that_goes_at_any_moment_is_no_error()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() => inside.Run(() =>
        {
            var found = 0;
            while (!done.IsCancellationRequested)
            {
                found += Sysctl.TryRead("net/ipv6/conf/goes/accept_ra") is null ? 0 : 1;
                Sysctl.TryWrite("net/ipv6/conf/goes/accept_ra", "1");
            }

            return found;
        }));

        for (var round = 0; round < 200; round++)
        {
            node.Ip("link", "add", "goes", "type", "bridge");
            node.Ip("link", "del", "goes");
        }

        done.Cancel();
        Assert.True(reader.GetAwaiter().GetResult() > 0, "it was never there");
    }

    [Theory]
    [InlineData("net/ipv4/conf/../../../etc/passwd")]
    [InlineData("net/..")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    public void A_name_leads_nowhere_else(string name) => Assert.Throws<ArgumentException>(() => Sysctl.TryRead(name));
}
