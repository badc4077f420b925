using System.Text.Json.Nodes;
using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;

namespace CniTun.Endpoint.Tests;

/// <summary>Somebody empties the kernel's tables: what running containers had comes back from their records.</summary>
public sealed class RestorationTests
{
    [KernelTheory]
    [InlineData("ADD", "flush ruleset")]
    [InlineData("ADD", "delete table inet cnitun")]
    [InlineData("ADD", "delete table bridge cnitun")]
    [InlineData("ADD", "flush table inet cnitun; flush set inet cnitun masquerade4")]
    [InlineData("GC", "flush ruleset")]
    [InlineData("GC", "delete table inet cnitun")]
    [InlineData("GC", "delete table bridge cnitun")]
    [InlineData("GC", "flush set inet cnitun masquerade4; flush set bridge cnitun own")]
    public void STATUS_tells_and_the_next_call_brings_back_what_everybody_had(string command, string removal)
    {
        using var node = new Node();
        using var first = new Pod();
        using var second = new Pod();
        using var next = new Pod();
        var config = Config(node);
        var results = new[] { node.Add(first, config), node.Add(second, config) };
        var whole = Elements(node);
        Status(node, config, expectedCode: null);

        Assert.Equal(0, node.Try("nft", removal).ExitCode);
        if (!removal.StartsWith("flush set", StringComparison.Ordinal))
        {
            var error = Status(node, config, (int)CniErrorCode.LimitedConnectivity)!;
            Assert.Contains("nftables table", (string?)error["msg"], StringComparison.Ordinal);
            Assert.Contains("next ADD", (string?)error["details"], StringComparison.Ordinal);
        }

        Assert.NotEqual(0, node.Check(first, config, results[0]).ExitCode);
        if (command is "ADD")
        {
            node.Add(next, config);
            node.Del(next, config);
        }
        else
        {
            Assert.Equal(0, node.Collect(config, first, second).ExitCode);
        }

        Status(node, config, expectedCode: null);
        Assert.Equal(0, node.Check(first, config, results[0]).ExitCode);
        Assert.Equal(0, node.Check(second, config, results[1]).ExitCode);
        Assert.Equal(whole, Elements(node));
    }

    [KernelFact]
    public void A_node_that_never_had_any_is_ready()
    {
        using var node = new Node();

        Status(node, Config(node), expectedCode: null);
    }

    [KernelFact]
    public void What_other_networks_with_records_in_the_same_directory_had_comes_back_too()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var next = new Pod();
        var other = node.Config("""{ "name": "other", "ipMasq": true, "ipam": { "type": "cnitun", "subnet": "10.78.0.0/24" } }""");
        var result = node.Add(pod, other);

        node.Try("nft", "flush", "ruleset");
        node.Add(next, Config(node));

        Assert.Equal(0, node.Check(pod, other, result).ExitCode);
    }

    [KernelFact]
    public void Networks_with_records_elsewhere_notice_that_the_table_is_another_by_themselves()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var next = new Pod();
        using var last = new Pod();
        var other = node.Config($$"""
            { "name": "other", "ipMasq": true, "ipam": { "type": "cnitun", "subnet": "10.78.0.0/24", "dataDir": "{{node.DataDirectory}}/else/where" } }
            """);
        var result = node.Add(pod, other);

        node.Try("nft", "flush", "ruleset");
        node.Add(next, Config(node));
        Assert.NotEqual(0, node.Check(pod, other, result).ExitCode);
        Status(node, other, (int)CniErrorCode.LimitedConnectivity);

        node.Add(last, other);
        Assert.Equal(0, node.Check(pod, other, result).ExitCode);
    }

    [KernelFact]
    public void What_an_older_version_added_has_no_record_and_is_left_alone()
    {
        using var node = new Node();
        using var old = new Pod();
        using var next = new Pod();
        var config = Config(node);
        var result = node.Add(old, config);
        File.Delete($"{node.DataDirectory}/pods/attachments/{old.ContainerId}:eth0/endpoint");
        node.Try("nft", "delete", "chain", "inet", "cnitun", "restored");

        node.Add(next, config);
        Assert.Equal(0, node.Collect(config, old, next).ExitCode);
        Status(node, config, expectedCode: null);

        Assert.Equal(0, node.Check(old, config, result).ExitCode);
        node.Del(old, config, withNetns: false);
        node.Del(next, config);
        Assert.Empty(Elements(node));
        node.AssertNothingLeft();
    }

    [KernelFact]
    public void The_record_says_in_JSON_what_the_host_does_and_goes_with_the_attachment()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var plain = new Pod();
        var result = node.Add(pod, Config(node));
        node.Add(plain, node.DualStack);

        var record = JsonNode.Parse(File.ReadAllText($"{node.DataDirectory}/pods/attachments/{pod.ContainerId}:eth0/endpoint"))!;
        Assert.Equal((string?)result["interfaces"]![1]!["name"], (string?)record["hostInterface"]);
        Assert.Equal((string?)result["interfaces"]![2]!["mac"], (string?)record["spoofCheck"]);
        Assert.Equal(["10.77.1.2/24", "fd00:77:1::2/64"], record["masquerade"]!.AsArray().Select(address => (string)address!));
        Assert.False(File.Exists($"{node.DataDirectory}/pods/attachments/{plain.ContainerId}:eth0/endpoint"));

        node.Del(pod, Config(node));
        node.Del(plain, Config(node));
        node.AssertNothingLeft();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{ "masquerade": ["x"] }""")]
    [InlineData("""{ "masquerade": [null] }""")]
    public void A_damaged_record_says_nothing(string content) => Assert.Null(EndpointRecord.FromFile(System.Text.Encoding.UTF8.GetBytes(content)));

    [Fact]
    public void A_record_reads_back_and_keys_of_later_versions_are_passed_over()
    {
        var record = new EndpointRecord([Cidr.Parse("10.1.0.2/24"), Cidr.Parse("fd00:1::2/64")], new MacAddress(0x0a58_0a01_0002));
        var text = System.Text.Encoding.UTF8.GetString(record.ToFile(new("pod", "eth0")));

        foreach (var content in new[] { text, text.Replace("{", """{ "hostPorts": [{ "hostPort": 80 }], """, StringComparison.Ordinal) })
        {
            var read = EndpointRecord.FromFile(System.Text.Encoding.UTF8.GetBytes(content))!;
            Assert.Equal(record.Masqueraded, read.Masqueraded);
            Assert.Equal(record.HeldTo, read.HeldTo);
        }
    }

    [KernelFact]
    public void Two_thousand_come_back_in_one_transaction_a_table()
    {
        using var node = new BareNode();
        using var store = LeaseStore.Open(node.DataDirectory, "pods");
        for (var i = 0u; i < 2000; i++)
        {
            var pod = new Attachment($"pod{i}", "eth0");
            store.Begin(pod);
            store.Records.SaveEndpoint(pod, Record(i).ToFile(pod));
        }

        using var firewall = node.Open();
        firewall.Add(new("next", "eth0"), Record(5000));
        Assert.Null(firewall.Lost(masquerade: true, spoofCheck: true));
        for (var i = 0u; i < 2000; i += 99)
        {
            Assert.Null(firewall.Masquerade.Missing(new($"pod{i}", "eth0"), [.. Record(i).Masqueraded]));
            Assert.Null(firewall.SpoofCheck.Missing(new($"pod{i}", "eth0"), Record(i).HeldTo!.Value));
        }
    }

    [KernelFact]
    public void An_ADD_speaks_to_the_kernel_as_often_beside_many_as_beside_one()
    {
        using var node = new Node();
        using var kept = new Pod();
        using var pod = new Pod();
        var config = Config(node);
        node.Add(kept, config);
        Assert.Equal(4, Requests());
        using (var store = LeaseStore.Open(node.DataDirectory, "pods"))
        {
            for (var i = 0u; i < 300; i++)
            {
                var other = new Attachment($"pod{i}", "eth0");
                store.Begin(other);
                store.Records.SaveEndpoint(other, Record(1000 + i).ToFile(other));
            }
        }

        node.Try("nft", "flush", "ruleset");
        node.Add(pod, config);
        node.Del(pod, config);
        Assert.Equal(6 * 301, Elements(node).Count);
        Assert.Equal(4, Requests());

        int Requests()
        {
            var log = Path.GetTempFileName();
            using (var adding = TracedPlugin.StartWith(node, "ADD", pod, config, log))
            {
                adding.WaitForExit();
                Assert.Equal(0, adding.ExitCode);
            }

            // Of each table one look at the rules, and one transaction; strace does not always know of what family a socket is.
            var requests = File.ReadLines(log).Count(line => line.Contains("sendto(", StringComparison.Ordinal)
                && (line.Contains("nlmsg_type=NFNL_", StringComparison.Ordinal) || line.Contains("nlmsg_type=0xa", StringComparison.Ordinal)));
            File.Delete(log);
            node.Del(pod, config);
            return requests;
        }
    }

    [KernelFact]
    public void Who_takes_a_record_away_waits_for_who_puts_back_what_the_records_say()
    {
        using var node = new BareNode();
        using var store = LeaseStore.Open(node.DataDirectory, "pods");
        using var firewall = node.Open();
        using var other = node.Open();
        var pod = new Attachment("pod", "eth0");
        Save(store, firewall, pod, Record(0));
        node.Nft("flush ruleset");

        Task removing;
        using (AttachmentRecords.LockEndpoints(node.DataDirectory))
        {
            var records = EndpointRecord.ReadAll(node.DataDirectory).ToList();
            removing = Task.Run(() =>
            {
                store.Records.TakeEndpoint(pod);
                other.Remove(pod, Record(0));
            });
            removing.Wait(TimeSpan.FromMilliseconds(500));
            new OwnedElements(new MasqueradeTable(), "pods", node.DataDirectory, firewall.Netlink, _ => { }).Restore(records, evenIfEmpty: true);
            Assert.Null(firewall.Masquerade.Missing(pod, [.. Record(0).Masqueraded]));
        }

        Assert.True(removing.Wait(TimeSpan.FromSeconds(60)));
        node.AssertNoElements();
    }

    [KernelFact]
    public void Whoever_is_removed_while_others_put_everything_back_does_not_come_back()
    {
        using var node = new BareNode();
        using var store = LeaseStore.Open(node.DataDirectory, "pods");
        using var stop = new CancellationTokenSource();
        var flushing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Nft("flush ruleset");
            }
        });
        var collecting = Task.Run(() =>
        {
            using var firewall = node.Open();
            while (!stop.IsCancellationRequested)
            {
                firewall.Restore();
            }
        });
        Task.WaitAll([.. Enumerable.Range(0, 16).Select(i => Task.Factory.StartNew(
            () => AddAndRemove(node, (uint)i),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))]);
        stop.Cancel();
        Assert.True(Task.WaitAll([flushing, collecting], TimeSpan.FromSeconds(60)));

        // Of each the last one stayed.
        using var firewall = node.Open();
        firewall.Restore();
        var ruleset = node.Ruleset();
        Assert.DoesNotContain("/gone", ruleset, StringComparison.Ordinal);
        for (var i = 0u; i < 16; i++)
        {
            Assert.Null(firewall.Masquerade.Missing(new($"pod{i}", "kept"), [.. Record(100 + i).Masqueraded]));
            Assert.Null(firewall.SpoofCheck.Missing(new($"pod{i}", "kept"), Record(100 + i).HeldTo!.Value));
        }
    }

    [KernelFact]
    public void An_ADD_that_is_killed_at_any_system_call_while_it_puts_back_is_completed_by_the_next_ADD_or_GC()
    {
        using var node = new Node();
        using var pod = new Pod();
        using var next = new Pod();
        using var kept = new Pod();
        var config = Config(node);
        var result = node.Add(kept, config);
        var points = TracedPlugin.ListCalls(
            node, "ADD", pod, config, "linkat(", before: () => node.Try("nft", "flush", "ruleset"), after: () => node.Del(pod, config));
        Assert.True(points.Count > 20, $"{points.Count} system calls");

        for (var i = 0; i < points.Count; i++)
        {
            node.Try("nft", "flush", "ruleset");
            TracedPlugin.KillAt(node, "ADD", pod, config, points[i]);
            if (i % 2 == 0)
            {
                node.Add(next, config);
                node.Del(next, config);
                node.Del(pod, config, withNetns: false);
            }
            else
            {
                Assert.Equal(0, node.Collect(config, kept).ExitCode);
            }

            var answer = node.Check(kept, config, result);
            Assert.True(answer.ExitCode == 0, $"{points[i]}: {Node.Text(answer)}");
            Assert.Equal(6, Elements(node).Count);
        }
    }

    /// <summary>Does what ADD and DEL do with records and elements, many times, and at last what ADD does.</summary>
    private static void AddAndRemove(BareNode node, uint number)
    {
        using var store = LeaseStore.Open(node.DataDirectory, "pods");
        using var firewall = node.Open();
        var gone = new Attachment($"pod{number}", "gone");
        for (var round = 0; round < 15; round++)
        {
            Save(store, firewall, gone, Record(number));
            store.Records.TakeEndpoint(gone);
            firewall.Remove(gone, Record(number));
            store.Release(gone);
            Assert.NotNull(firewall.Masquerade.Missing(gone, [.. Record(number).Masqueraded]));
            Assert.NotNull(firewall.SpoofCheck.Missing(gone, Record(number).HeldTo!.Value));
        }

        Save(store, firewall, new($"pod{number}", "kept"), Record(100 + number));
    }

    private static void Save(LeaseStore store, NodeFirewall firewall, Attachment attachment, EndpointRecord record)
    {
        store.Begin(attachment);
        store.Records.SaveEndpoint(attachment, record.ToFile(attachment));
        firewall.Add(attachment, record);
    }

    private static EndpointRecord Record(uint number) => new(
        [new Cidr(IpAddress.FromIPv4(0x0a4d_0002 + number), 16), new Cidr(IpAddress.FromIPv6(((UInt128)0xfd << 120) + number + 2), 64)],
        new MacAddress(0x0a58_0a4d_0002UL + number));

    private static JsonObject Config(Node node)
    {
        var config = node.DualStack;
        config["ipMasq"] = true;
        config["macspoofchk"] = true;
        return config;
    }

    /// <summary>Lists set and element of both tables, in order.</summary>
    private static List<string> Elements(Node node)
    {
        var elements = new List<string>();
        foreach (var item in JsonNode.Parse(node.Try("nft", "-j", "list", "ruleset").Output)!["nftables"]!.AsArray())
        {
            if (item!["set"] is { } set && set["elem"] is { } list)
            {
                elements.AddRange(list.AsArray().Select(element => $"{set["family"]} {set["name"]} {element!.ToJsonString()}"));
            }
        }

        elements.Sort(StringComparer.Ordinal);
        return elements;
    }

    private static JsonObject? Status(Node node, JsonObject config, int? expectedCode)
    {
        var answer = node.Call("STATUS", string.Empty, string.Empty, config);
        Assert.True(answer.ExitCode == (expectedCode is null ? 0 : 1), Node.Text(answer));
        var error = expectedCode is null ? null : JsonNode.Parse(answer.Output.Span)!.AsObject();
        Assert.Equal(expectedCode, (int?)error?["code"]);
        return error;
    }
}
