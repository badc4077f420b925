using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>At any instant, SIGKILL followed by DEL, by GC or by nothing leaves nothing behind and wedges nothing.</summary>
public sealed class KillAtEverySystemCallTests
{
    /// <summary>The first call that ADD and DEL make after they read their input.</summary>
    private const string OpensNamespace = "openat(AT_FDCWD, \"/run/netns/";
    private const string OpensNetlink = "socket(AF_NETLINK";

    [KernelFact]
    public void Of_an_ADD_that_makes_the_bridge()
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var points = TracedPlugin.ListCalls(node, "ADD", pod, node.DualStack, OpensNamespace);
        node.Del(pod, node.DualStack);

        KillAtEach(points, point =>
        {
            node.Ip("link", "del", "br0");
            Directory.Delete($"{node.DataDirectory}/pods", recursive: true);
            var killed = TracedPlugin.KillAt(node, "ADD", pod, node.DualStack, point);
            CleanUp(node, pod, other, point);

            // What was killed may have been the making of the bridge or of the directory.
            AssertWorks(node, pod);
            return killed;
        });
    }

    [KernelFact]
    public void Of_an_ADD_on_a_node_in_use()
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        using var neighbour = new Pod();
        var first = node.Add(neighbour, node.DualStack);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, node.DualStack, OpensNamespace);
        node.Del(pod, node.DualStack);

        KillAtEach(points, point =>
        {
            var killed = TracedPlugin.KillAt(node, "ADD", pod, node.DualStack, point);
            CleanUp(node, pod, other, point, neighbour);
            return killed;
        });

        Assert.Equal(0, node.Check(neighbour, node.DualStack, first).ExitCode);
        AssertWorks(node, pod, neighbour);
    }

    [KernelFact]
    public void Of_a_DEL()
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        node.Add(pod, node.DualStack);
        var points = TracedPlugin.ListCalls(node, "DEL", pod, node.DualStack, OpensNetlink);

        KillAtEach(points, point =>
        {
            node.Add(pod, node.DualStack);
            var killed = TracedPlugin.KillAt(node, "DEL", pod, node.DualStack, point);
            CleanUp(node, pod, other, point);
            return killed;
        });

        AssertWorks(node, pod);
    }

    [KernelFact]
    public void Of_a_GC()
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = node.DualStack;
        config["cni.dev/valid-attachments"] = new JsonArray();
        node.Add(pod, node.DualStack);
        var points = TracedPlugin.ListCalls(node, "GC", pod, config, OpensNetlink);

        KillAtEach(points, point =>
        {
            node.Add(pod, node.DualStack);
            var killed = TracedPlugin.KillAt(node, "GC", pod, config, point);
            CleanUp(node, pod, other, point);
            return killed;
        });

        AssertWorks(node, pod);
    }

    private static void KillAtEach(IReadOnlyList<KillPoint> points, Func<KillPoint, bool> round)
    {
        Assert.True(points.Count > 20, $"{points.Count} system calls");

        // Some calls depend on timing and are not made again; most are.
        var killed = points.Count(round);
        Assert.True(killed >= points.Count * 9 / 10, $"{killed} of {points.Count} kills");
    }

    /// <summary>Does what a runtime may do after a plugin was killed, each in turn, and then looks.</summary>
    [SuppressMessage("Design", "MA0051", Justification = "One case a line.")]
    private static void CleanUp(Node node, Pod pod, Pod other, KillPoint point, params Pod[] kept)
    {
        switch (Math.Abs(point.GetHashCode()) % 4)
        {
            case 0:
                node.Del(pod, node.DualStack);
                break;
            case 1:
                node.Del(pod, node.DualStack, withNetns: false);
                break;
            case 2:
                Assert.Equal(0, node.Collect(node.DualStack, kept).ExitCode);
                break;
            default:
                node.Add(other, node.DualStack);
                other.Ping("10.77.1.1");
                node.Del(other, node.DualStack);
                Assert.Equal(0, node.Collect(node.DualStack, kept).ExitCode);
                break;
        }

        AssertOnly(node, kept, point);
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
    }

    private static void AssertOnly(Node node, Pod[] kept, KillPoint point)
    {
        var endpoints = node.Endpoints();
        Assert.True(endpoints.Count == kept.Length, $"{point}: {string.Join(' ', endpoints)}");
        Assert.Equal(2 * kept.Length, node.Leases().Count);
        var records = $"{node.DataDirectory}/pods/attachments";
        Assert.Equal(kept.Select(pod => $"{pod.ContainerId}:eth0"), Directory.Exists(records) ? Directory.GetFileSystemEntries(records).Select(Path.GetFileName) : []);
    }

    private static void AssertWorks(Node node, Pod pod, params Pod[] kept)
    {
        node.Add(pod, node.DualStack);
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        node.Del(pod, node.DualStack);
        AssertOnly(node, kept, default);
    }
}
