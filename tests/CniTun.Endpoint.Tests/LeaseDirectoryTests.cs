using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>What happens to the lease directory behind our back never wedges a node, and never gives one address to two pods that we know of.</summary>
public sealed class LeaseDirectoryTests
{
    [KernelTheory]
    [InlineData("ro")]
    [InlineData("full")]
    public void A_file_system_that_takes_no_more_fails_ADD_cleanly_and_works_again_once_repaired(string how)
    {
        using var node = new Node();
        using var files = new SmallFileSystem(node.DataDirectory);
        using var present = new Pod();
        using var next = new Pod();
        node.Add(present, node.DualStack);
        files.Spoil(how);

        var error = node.Fail("ADD", next, node.DualStack);

        Assert.Equal(102, (int)error["code"]!);
        Assert.Contains(node.DataDirectory, (string?)error["msg"], StringComparison.Ordinal);
        Assert.Single(node.Endpoints());
        files.Repair();
        node.Add(next, node.DualStack);
        next.Ping("10.77.1.1");
        node.Del(next, node.DualStack);
        node.Del(present, node.DualStack);
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void A_full_file_system_is_no_obstacle_to_DEL_and_GC()
    {
        using var node = new Node();
        using var files = new SmallFileSystem(node.DataDirectory);
        using var first = new Pod();
        using var second = new Pod();
        node.Add(first, node.DualStack);
        node.Add(second, node.DualStack);
        files.Spoil("full");

        node.Del(first, node.DualStack);
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);

        Assert.Empty(node.Endpoints());
        Assert.Empty(node.Leases());
    }

    [KernelFact]
    public void On_a_read_only_file_system_DEL_removes_the_interface_and_says_that_the_address_stays()
    {
        using var node = new Node();
        using var files = new SmallFileSystem(node.DataDirectory);
        using var pod = new Pod();
        node.Add(pod, node.DualStack);
        files.Spoil("ro");

        Assert.Equal(102, (int)node.Fail("DEL", pod, node.DualStack)["code"]!);

        Assert.Empty(node.Endpoints());
        files.Repair();
        node.Del(pod, node.DualStack);
        node.AssertNothingLeft();
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "addresses/10.77.1.2", string.Empty },
        { "addresses/10.77.1.2", "{" },
        { "addresses/10.77.1.2", "{\"address\":\"10.77.1.9/24\"}" },
        { "addresses/10.77.1.2", "\0\0\0\0" },
        { "pools/10.77.1.1-10.77.1.254", string.Empty },
        { "pools/10.77.1.1-10.77.1.254", "not a map of anything" },
        { "pools/10.77.1.1-10.77.1.254", "0123456789abcdef0123456789abcdef0123456789abcdef" },
        { "pools/garbage", "x" },
        { "addresses/garbage", "x" },
        { "attachments/garbage", "x" },
    };

    [KernelTheory]
    [MemberData(nameof(Damages))]
    public void A_damaged_file_disturbs_neither_the_next_ADD_nor_DEL_nor_GC(string file, string content)
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        node.Add(first, node.DualStack);

        // In place: the file has two names.
        File.WriteAllText($"{node.DataDirectory}/pods/{file}", content);

        var result = node.Add(second, node.DualStack);
        Assert.Equal("10.77.1.3/24", (string?)result["ips"]![0]!["address"]);
        node.Del(first, node.DualStack);
        node.Del(second, node.DualStack);
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        Assert.Empty(node.Endpoints());
        Assert.DoesNotContain("10.77.1.2", node.Leases());
        Assert.DoesNotContain("10.77.1.3", node.Leases());
    }

    [KernelTheory]
    [InlineData("attachments")]
    [InlineData("addresses")]
    [InlineData("pools")]
    [InlineData("")]
    public void A_part_that_vanished_is_made_again_and_DEL_still_removes_what_it_held(string part)
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        node.Add(first, node.DualStack);
        Directory.Delete($"{node.DataDirectory}/pods/{part}", recursive: true);

        var result = node.Add(second, node.DualStack);

        second.Ping("10.77.1.1");
        Assert.NotEqual("10.77.1.2/24", (string?)result["ips"]![0]!["address"]);
        node.Del(first, node.DualStack);
        node.Del(second, node.DualStack);
        Assert.Empty(node.Endpoints());
        Assert.Equal(0, node.Collect(node.DualStack).ExitCode);
        Assert.Empty(node.Leases());
    }

    [KernelFact]
    public void A_file_where_a_directory_belongs_is_named()
    {
        using var node = new Node();
        using var pod = new Pod();
        Directory.CreateDirectory($"{node.DataDirectory}/pods");
        File.WriteAllText($"{node.DataDirectory}/pods/addresses", "x");

        var error = node.Fail("ADD", pod, node.DualStack);

        Assert.Equal(102, (int)error["code"]!);
        Assert.Contains("addresses", (string?)error["msg"], StringComparison.Ordinal);
        Assert.Equal("x", File.ReadAllText($"{node.DataDirectory}/pods/addresses"));
    }

    [KernelFact]
    public void A_symbolic_link_in_the_directory_leads_nowhere()
    {
        using var node = new Node();
        using var pod = new Pod();
        var victim = $"{node.DataDirectory}/victim";
        File.WriteAllText(victim, "precious");
        node.Add(pod, node.DualStack);
        node.Del(pod, node.DualStack);
        var map = $"{node.DataDirectory}/pods/pools/10.77.1.1-10.77.1.254";
        File.Delete(map);
        File.CreateSymbolicLink(map, victim);
        File.CreateSymbolicLink($"{node.DataDirectory}/pods/addresses/10.77.1.2", victim);

        var answer = node.Call("ADD", pod.ContainerId, pod.Path, node.DualStack);

        Assert.True(answer.ExitCode == 0 || (int)JsonNode.Parse(answer.Output.Span)!["code"]! == 102, Node.Text(answer));
        Assert.Equal("precious", File.ReadAllText(victim));
    }
}
