using CniTun.Linux.Namespaces;

namespace CniTun.Linux.Tests.Namespaces;

public sealed class NetworkNamespaceTests
{
    [KernelFact]
    public void A_visit_ends_where_it_began()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);
        using var before = NetworkNamespace.OpenCurrent();

        var same = inside.Run(() =>
        {
            using var current = NetworkNamespace.OpenCurrent();
            return current.IsSameAs(inside);
        });

        using var after = NetworkNamespace.OpenCurrent();
        Assert.True(same);
        Assert.True(after.IsSameAs(before));
        Assert.False(after.IsSameAs(inside));
    }

    [KernelFact]
    public void A_socket_opened_inside_is_used_from_outside()
    {
        using var node = new TestNamespace();
        node.Ip("link", "add", "only-here", "type", "bridge");
        using var inside = NetworkNamespace.Open(node.Path);
        using var netlink = inside.OpenNetlink();

        Assert.NotNull(netlink.Links.Find("only-here"));
    }

    [KernelFact]
    public void What_an_action_throws_reaches_the_caller()
    {
        using var node = new TestNamespace();
        using var inside = NetworkNamespace.Open(node.Path);

        Assert.Throws<InvalidTimeZoneException>(() => inside.Run<int>(() => throw new InvalidTimeZoneException()));
    }

    [Fact]
    public void A_file_that_is_no_network_namespace_is_refused()
    {
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/nonexistent")).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/proc/self/ns/mnt")).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/etc/passwd")).Errno);
        OpenDescriptors.AssertNoneLeaked(() => Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/etc/passwd")));
    }
}
