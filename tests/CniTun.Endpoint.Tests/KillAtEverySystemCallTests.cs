using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>At any instant, SIGKILL followed by DEL, by GC or by nothing leaves nothing behind and wedges nothing.</summary>
public sealed class KillAtEverySystemCallTests
{
    /// <summary>The first call that ADD and DEL make after they read their input.</summary>
    private const string OpensNamespace = "openat(AT_FDCWD, \"/run/netns/";
    private const string OpensNetlink = "socket(AF_NETLINK";

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_an_ADD_that_makes_the_bridge(bool firewall)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, config, OpensNamespace);
        node.Del(pod, config);

        KillAtEach(points, point =>
        {
            node.Ip("link", "del", "br0");
            node.Try("nft", "flush", "ruleset");
            Directory.Delete($"{node.DataDirectory}/pods", recursive: true);
            var killed = TracedPlugin.KillAt(node, "ADD", pod, config, point);
            CleanUp(node, config, pod, other, point);

            // What was killed may have been the making of the bridge or of the directory.
            AssertWorks(node, config, pod);
            return killed;
        });
    }

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_an_ADD_on_a_node_in_use(bool firewall)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        using var neighbour = new Pod();
        var first = node.Add(neighbour, config);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, config, OpensNamespace);
        node.Del(pod, config);

        KillAtEach(points, point =>
        {
            var killed = TracedPlugin.KillAt(node, "ADD", pod, config, point);
            CleanUp(node, config, pod, other, point, neighbour);
            return killed;
        });

        Assert.Equal(0, node.Check(neighbour, config, first).ExitCode);
        AssertWorks(node, config, pod, neighbour);
    }

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_DEL(bool firewall)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        node.Add(pod, config);
        var points = TracedPlugin.ListCalls(node, "DEL", pod, config, OpensNetlink);

        KillAtEach(points, point =>
        {
            node.Add(pod, config);
            var killed = TracedPlugin.KillAt(node, "DEL", pod, config, point);
            CleanUp(node, config, pod, other, point);
            return killed;
        });

        AssertWorks(node, config, pod);
    }

    [KernelTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_GC(bool firewall)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        config["cni.dev/valid-attachments"] = new JsonArray();
        node.Add(pod, config);
        var points = TracedPlugin.ListCalls(node, "GC", pod, config, OpensNetlink);

        KillAtEach(points, point =>
        {
            node.Add(pod, config);
            var killed = TracedPlugin.KillAt(node, "GC", pod, config, point);
            CleanUp(node, config, pod, other, point);
            return killed;
        });

        AssertWorks(node, config, pod);
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
    private static void CleanUp(Node node, JsonObject config, Pod pod, Pod other, KillPoint point, params Pod[] kept)
    {
        switch (Math.Abs(point.GetHashCode()) % 4)
        {
            case 0:
                node.Del(pod, config);
                break;
            case 1:
                node.Del(pod, config, withNetns: false);
                break;
            case 2:
                Assert.Equal(0, node.Collect(config, kept).ExitCode);
                break;
            default:
                node.Add(other, config);
                other.Ping("10.77.1.1");
                node.Del(other, config);
                Assert.Equal(0, node.Collect(config, kept).ExitCode);
                break;
        }

        AssertOnly(node, kept, point);
        Assert.DoesNotContain("eth0", pod.Ip("link"), StringComparison.Ordinal);
    }

    /// <summary>Two families, and all or nothing of what the packet filter does.</summary>
    private static JsonObject Config(Node node, bool firewall)
    {
        var config = node.DualStack;
        config["ipMasq"] = firewall;
        config["macspoofchk"] = firewall;
        return config;
    }

    private static void AssertOnly(Node node, Pod[] kept, KillPoint point)
    {
        var endpoints = node.Endpoints();
        Assert.True(endpoints.Count == kept.Length, $"{point}: {string.Join(' ', endpoints)}");
        Assert.Equal(2 * kept.Length, node.Leases().Count);
        Assert.DoesNotContain(
            node.Try("nft", "list", "ruleset").Output.Split("comment"),
            comment => comment.Contains("pods cnitun-", StringComparison.Ordinal) && !kept.Any(pod => comment.Contains($"pods {pod.ContainerId}/", StringComparison.Ordinal)));
        var records = $"{node.DataDirectory}/pods/attachments";
        Assert.Equal(kept.Select(pod => $"{pod.ContainerId}:eth0"), Directory.Exists(records) ? Directory.GetFileSystemEntries(records).Select(Path.GetFileName) : []);
    }

    private static void AssertWorks(Node node, JsonObject config, Pod pod, params Pod[] kept)
    {
        node.Add(pod, config);
        pod.Ping("10.77.1.1");
        pod.Ping("fd00:77:1::1");
        node.Del(pod, config);
        AssertOnly(node, kept, default);
    }
}
