using System.Text.Json.Nodes;

namespace CniTun.Endpoint.Tests;

/// <summary>At any instant, SIGKILL followed by DEL, by GC or by nothing leaves nothing behind and wedges nothing.</summary>
public sealed class KillAtEverySystemCallTests
{
    /// <summary>The first call that ADD and DEL make after they read their input.</summary>
    private const string OpensNamespace = "openat(AT_FDCWD, \"/run/netns/";
    private const string OpensNetlink = "socket(AF_NETLINK";
    private const int AfterKills = 4;

    private enum AfterKill
    {
        Del,
        DelWithoutNetns,
        Gc,
        AnotherPodThenGc,
    }

    public static TheoryData<bool, int> Turns()
    {
        var turns = new TheoryData<bool, int>();
        for (var turn = 0; turn < AfterKills; turn++)
        {
            turns.Add(false, turn);
            turns.Add(true, turn);
        }

        return turns;
    }

    // The slow one: each point with one of the clean-ups, another one with the firewall. The other tests try each point with each.
    [KernelTheory]
    [InlineData(false, 0)]
    [InlineData(true, 2)]
    public void Of_an_ADD_that_makes_the_bridge(bool firewall, int turn)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, config, OpensNamespace, before: Forget, after: () => node.Del(pod, config));

        KillAtEach(points, turn, (point, next) =>
        {
            Forget();
            var killed = TracedPlugin.KillAt(node, "ADD", pod, config, point);
            CleanUp(node, config, pod, other, point, next);

            // What was killed may have been the making of the bridge or of the directory.
            AssertWorks(node, config, pod);
            return killed;
        });

        void Forget()
        {
            node.Try("ip", "link", "del", "br0");
            node.Try("nft", "flush", "ruleset");
            node.Try("rm", "-rf", $"{node.DataDirectory}/pods");
        }
    }

    [KernelTheory]
    [MemberData(nameof(Turns))]
    public void Of_an_ADD_on_a_node_in_use(bool firewall, int turn)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        using var neighbour = new Pod();
        var first = node.Add(neighbour, config);
        var points = TracedPlugin.ListCalls(node, "ADD", pod, config, OpensNamespace, before: () => { }, after: () => node.Del(pod, config));

        KillAtEach(points, turn, (point, next) =>
        {
            var killed = TracedPlugin.KillAt(node, "ADD", pod, config, point);
            CleanUp(node, config, pod, other, point, next, neighbour);
            return killed;
        });

        Assert.Equal(0, node.Check(neighbour, config, first).ExitCode);
        AssertWorks(node, config, pod, neighbour);
    }

    [KernelTheory]
    [MemberData(nameof(Turns))]
    public void Of_a_DEL(bool firewall, int turn)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        var points = TracedPlugin.ListCalls(node, "DEL", pod, config, OpensNetlink, before: () => node.Add(pod, config), after: () => { });

        KillAtEach(points, turn, (point, next) =>
        {
            node.Add(pod, config);
            var killed = TracedPlugin.KillAt(node, "DEL", pod, config, point);
            CleanUp(node, config, pod, other, point, next);
            return killed;
        });

        AssertWorks(node, config, pod);
    }

    [KernelTheory]
    [MemberData(nameof(Turns))]
    public void Of_a_GC(bool firewall, int turn)
    {
        using var pod = new Pod();
        using var other = new Pod();
        using var node = new Node();
        var config = Config(node, firewall);
        config["cni.dev/valid-attachments"] = new JsonArray();
        var points = TracedPlugin.ListCalls(node, "GC", pod, config, OpensNetlink, before: () => node.Add(pod, config), after: () => { });

        KillAtEach(points, turn, (point, next) =>
        {
            node.Add(pod, config);
            var killed = TracedPlugin.KillAt(node, "GC", pod, config, point);
            CleanUp(node, config, pod, other, point, next);
            return killed;
        });

        AssertWorks(node, config, pod);
    }

    /// <summary>
    /// Kills at each of the points, and lets each be followed by one of the clean-ups; the next turn gives it the next. A call that is always
    /// made is killed for certain; one that a run makes only when it happens to wait may not be made again, and on a slow machine all runs
    /// that were recorded may have waited longer than later ones: a few of the last reads are never made again then.
    /// </summary>
    private static void KillAtEach(IReadOnlyList<KillPoint> points, int turn, Func<KillPoint, AfterKill, bool> round)
    {
        var certain = points.Count(point => point.IsCertain);
        var missed = new List<KillPoint>();
        Assert.True(certain > 20, $"{points.Count} system calls");
        foreach (var (number, point) in points.Index())
        {
            var attempts = point.IsCertain ? 20 : 1;
            while (attempts > 0 && !round(point, (AfterKill)((number + turn) % AfterKills)))
            {
                attempts--;
            }

            if (attempts == 0 && point.IsCertain)
            {
                missed.Add(point);
            }
        }

        Assert.True(missed.Count * 20 <= certain, $"never reached: {string.Join(", ", missed)}");
    }

    /// <summary>Does what a runtime may do after a plugin was killed, and then looks.</summary>
    private static void CleanUp(Node node, JsonObject config, Pod pod, Pod other, KillPoint point, AfterKill next, params Pod[] kept)
    {
        switch (next)
        {
            case AfterKill.Del:
                node.Del(pod, config);
                break;
            case AfterKill.DelWithoutNetns:
                node.Del(pod, config, withNetns: false);
                break;
            case AfterKill.Gc:
                Assert.Equal(0, node.Collect(config, kept).ExitCode);
                break;
            case AfterKill.AnotherPodThenGc:
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
