using CniTun.Tunnel.Offloading;
using CniTun.Tunnel.Tests.Processes;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Offloading;

/// <summary>Offloads are tried, switched off one by one, and missed by nobody when they are off.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class OffloadTests
{
    private const int Bytes = 8 << 20;

    public static TheoryData<string> Names => [.. Kinds];

    private static IEnumerable<string> Kinds => Enum.GetValues<OffloadKind>().Select(Offloads.Name);

    [KernelFact]
    public async Task With_all_offloads_on_many_packets_go_in_few_messages_and_arrive_unchanged()
    {
        using var nodes = new TwoNodes();
        Assert.Equal([.. Kinds], Offered(nodes.Left).Select(offload => offload.Name));
        Assert.All(Offered(nodes.Left), offload => Assert.Equal("on", offload.State));
        await Transfer.BothWays(nodes, Bytes);
        await Transfer.BothWays(nodes, Bytes, "fd02::1");
    }

    [KernelTheory]
    [MemberData(nameof(Names))]
    public async Task Without_an_offload_it_alone_is_off_and_everything_arrives(string name)
    {
        using var nodes = new TwoNodes("192.0.2.", "--without", name);
        Assert.Equal("off(flag)", Offered(nodes.Left).Single(offload => offload.Name == name).State);
        Assert.All(Offered(nodes.Left).Where(offload => offload.Name != name), offload => Assert.Equal("on", offload.State));
        await Transfer.BothWays(nodes, Bytes);
    }

    [KernelFact]
    public async Task Without_any_offload_everything_arrives_packet_by_packet()
    {
        using var nodes = new TwoNodes("192.0.2.", "--without", string.Join(',', Kinds), "--no-spin");
        Assert.All(Offered(nodes.Left), offload => Assert.Equal("off(flag)", offload.State));
        await Transfer.BothWays(nodes, Bytes);
        await Transfer.BothWays(nodes, Bytes, "fd02::1");
    }

    [KernelTheory]
    [InlineData("192.0.2.")]
    [InlineData("2001:db8::")]
    public async Task Two_queues_carry_traffic_of_both_families_and_of_a_changed_port(string underlay)
    {
        using var nodes = new TwoNodes(underlay, "--queues", "2");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Transfer.BothWays(nodes, Bytes / 4)));
        await Transfer.BothWays(nodes, Bytes, "fd02::1");

        await nodes.Right.Api.SetAsync(new DeviceUpdate { ListenPort = 7000, Fwmark = 0x4000 });
        await nodes.Left.Api.SetAsync(TwoNodes.PeerUpdate(2, nodes.RightEndpoint with { Port = 7000 }));
        await Transfer.BothWays(nodes, Bytes);
    }

    [KernelTheory]
    [InlineData("left", "sendmmsg:error=EIO:when=20..30", "udp-gso", "EIO")]
    [InlineData("right", "writev:error=EINVAL:when=20..60", "tun-tcp-gro", "EINVAL")]
    public async Task What_the_kernel_refuses_later_is_off_from_then_on_everything_arrives_and_the_log_says_so_once(
        string node, string injection, string name, string errno)
    {
        using var nodes = new TwoNodes();
        var process = node == "left" ? nodes.Left : nodes.Right;
        using (new Tracer(process.Id, injection))
        {
            // How many packets go in one call is up to the machine, and so is when the injection comes to its turn.
            do
            {
                await Transfer.BothWays(nodes, Bytes);
            }
            while (Offered(process).Single(offload => offload.Name == name).State == "on");
        }

        Assert.Equal($"off({errno})", Offered(process).Single(offload => offload.Name == name).State);
        Assert.Equal(1, (await process.Api.GetAsync()).Counters.Single(counter => counter.Name == "offloads_refused").Value);
        Assert.Single(process.Log.Split('\n'), line => line.Contains($"offload={name} is off, {errno}", StringComparison.Ordinal));
        await Transfer.BothWays(nodes, Bytes);
    }

    [KernelFact]
    public async Task A_full_send_buffer_costs_what_was_to_be_sent_then_and_is_counted()
    {
        using var nodes = new TwoNodes();
        using (new Tracer(nodes.Left.Id, "sendmmsg:error=ENOBUFS:when=20..30"))
        {
            do
            {
                await Transfer.BothWays(nodes, Bytes);
            }
            while (nodes.LeftCounter("out_drop_no_buffers") == 0);
        }

        Assert.All(Offered(nodes.Left), offload => Assert.Equal("on", offload.State));
        Assert.InRange(nodes.LeftCounter("out_drop_no_buffers"), 1, 11 * 64);
    }

    private static IReadOnlyList<Offload> Offered(TunnelProcess process) => process.Api.GetAsync().GetAwaiter().GetResult().Offloads;
}
