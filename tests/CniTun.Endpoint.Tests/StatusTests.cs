namespace CniTun.Endpoint.Tests;

public sealed class StatusTests
{
    [KernelFact]
    public void Status_is_silent_where_an_ADD_would_succeed()
    {
        using var node = new Node();

        var answer = node.Call("STATUS", string.Empty, string.Empty, node.DualStack);

        Assert.True(answer.ExitCode == 0, Node.Text(answer));
        Assert.True(answer.Output.IsEmpty);
        Assert.DoesNotContain("br0", node.Ip("link"), StringComparison.Ordinal);
    }

    [KernelFact]
    public void Status_tells_of_an_exhausted_pool_until_an_address_is_free()
    {
        using var node = new Node();
        using var pod = new Pod();
        var config = node.Config("""{ "ipam": { "type": "cnitun", "ranges": [[{ "subnet": "10.77.1.0/30" }]] } }""");
        node.Add(pod, config);

        var error = node.Fail("STATUS", pod, config);
        Assert.Equal(50, (int)error["code"]!);
        Assert.Contains("no free address in 10.77.1.1-10.77.1.2", (string?)error["msg"], StringComparison.Ordinal);

        node.Del(pod, config);
        Assert.Equal(0, node.Call("STATUS", string.Empty, string.Empty, config).ExitCode);
    }

    [KernelFact]
    public void Status_tells_of_a_lease_directory_that_cannot_be_made()
    {
        using var node = new Node();
        using var pod = new Pod();

        var error = node.Fail("STATUS", pod, node.Config("""{ "ipam": { "type": "cnitun", "dataDir": "/proc/cnitun", "subnet": "10.77.1.0/24" } }"""));

        Assert.Equal(50, (int)error["code"]!);
        Assert.Contains("/proc/cnitun", (string?)error["msg"], StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("ro")]
    [InlineData("full")]
    public void Status_tells_of_a_lease_directory_that_cannot_be_written(string how)
    {
        using var node = new Node();
        using var pod = new Pod();
        using var files = new SmallFileSystem(node.DataDirectory);
        Assert.Equal(0, node.Call("STATUS", string.Empty, string.Empty, node.DualStack).ExitCode);
        files.Spoil(how);

        var error = node.Fail("STATUS", pod, node.DualStack);

        Assert.Equal(50, (int)error["code"]!);
        Assert.Contains(node.DataDirectory, (string?)error["msg"] + (string?)error["details"], StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("""{ "ipam": { "type": "cnitun" } }""")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.1/24" } }""")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "dataDir": "relative" } }""")]
    [InlineData("""{ "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24", "resolvConf": "/nonexistent" } }""")]
    [InlineData("""{ "bridge": "../x", "ipam": { "type": "cnitun", "subnet": "10.1.1.0/24" } }""")]
    public void Status_tells_of_a_configuration_that_no_ADD_could_use(string keys)
    {
        using var node = new Node();
        using var pod = new Pod();

        Assert.Equal(7, (int)node.Fail("STATUS", pod, node.Config(keys))["code"]!);
    }
}
