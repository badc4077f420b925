using CniTun.Addresses;
using CniTun.Linux.Namespaces;

namespace CniTun.Endpoint.Tests;

public sealed class InterfaceNameTests
{
    /// <summary>The kernel is asked; what we refuse beyond it for names of ours is said beside it.</summary>
    [KernelTheory]
    [InlineData("a..b", true)]
    [InlineData("...", true)]
    [InlineData("..a", true)]
    [InlineData("fifteen-bytes-x", true)]
    [InlineData("netzwärmgerät", true)]
    [InlineData("\u2003", true)]
    [InlineData("a\u0001", true, true)]
    [InlineData("a\u007f", true, true)]
    [InlineData("all", false, true)]
    [InlineData("default", false, true)]
    [InlineData("a%b", false, true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a:b", false)]
    [InlineData("a b", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\vb", false)]
    [InlineData("pod\u00e0", false)]
    [InlineData("sixteen-bytes-xy", false)]
    [InlineData("ääääääää", false)]
    public void An_interface_may_be_called_what_the_kernel_takes(string name, bool taken, bool onlyForNew = false)
    {
        using var node = new Node();
        using var inside = NetworkNamespace.Open(node.Path);
        using var netlink = inside.OpenNetlink();

        // A request without a name has the kernel choose one.
        var isTaken = name.Length > 0 && Record.Exception(() => netlink.Links.CreateBridge(name, new MacAddress(0x02_00_00_00_00_01), 1500)) is null;

        Assert.Equal(taken, isTaken);
        Assert.Equal(taken || onlyForNew, InterfaceName.IsValid(name));
        Assert.Equal(taken && !onlyForNew, InterfaceName.IsValidForNew(name));
    }
}
