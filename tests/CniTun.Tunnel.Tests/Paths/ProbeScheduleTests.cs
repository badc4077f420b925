using System.Diagnostics;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Paths;
using CniTun.Tunnel.Peers;
using CniTun.Tunnel.Probing;
using CniTun.Tunnel.Tests.Packets;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class ProbeScheduleTests : IDisposable
{
    private readonly ProbeBell bell = new();
    private readonly Network network = new();
    private readonly ProbeSchedule schedule;

    // A day after the machine's start.
    private long now = 86_400_000;

    public ProbeScheduleTests() => schedule = new ProbeSchedule(bell);

    public void Dispose() => bell.Dispose();

    [Fact]
    public void Each_path_becomes_what_its_network_carries_and_of_a_peer_that_never_answers_what_the_route_says()
    {
        var table = Table(3);
        network.PathMtus[table.Peers[0].Endpoint!.Value] = 1500;
        network.PathMtus[table.Peers[1].Endpoint!.Value] = 1380;
        RunUntil(table, () => table.Peers.Take(2).All(peer => peer.Path.State == PathState.Complete));
        RunUntil(table, () => table.Peers[2].Path.State == PathState.Unanswered);
        Assert.Equal([1472, 1352, 1472], table.Peers.Select(peer => peer.Path.MaxPacketBytes));
        Assert.Equal((5000L, 5000L, 0), (table.Peers[0].Path.RoundTripMicroseconds, table.Peers[0].Path.LeastRoundTripMicroseconds, table.Peers[0].Path.LossPermille));
        Assert.Equal(-1, table.Peers[2].Path.LossPermille);
    }

    [Fact]
    public void A_send_that_was_refused_has_the_route_read_again_and_the_path_follows_it()
    {
        var table = Table(1);
        network.PathMtus[table.Peers[0].Endpoint!.Value] = 1500;
        RunUntil(table, () => table.Peers[0].Path.State == PathState.Complete);
        RunFor(table, 5000);

        network.InterfaceMtu = 1400;
        table.Peers[0].Path.SendRefused(1472);
        RunFor(table, 1);
        Assert.Equal(1400, table.Peers[0].Path.MtuBytes);
        RunFor(table, 1000);
        Assert.Equal((1400, PathState.Complete), (table.Peers[0].Path.MtuBytes, table.Peers[0].Path.State));

        network.InterfaceMtu = 1500;
        RunUntil(table, () => table.Peers[0].Path.MtuBytes == 1500);
    }

    [Fact]
    public void A_silent_peer_that_probes_us_is_asked_at_once_but_not_more_than_once_a_second()
    {
        var peer = Table(1).Peers[0];
        var table = new PeerTable([peer]);
        RunUntil(table, () => peer.Path.State == PathState.Unanswered);
        RunFor(table, 60_000);
        network.Sent.Clear();
        var request = new byte[ProbeMessage.HeaderBytes];
        new ProbeMessage(IsReply: false, 1, 1, 1, request.Length).Write(request);
        for (var i = 0; i < 1000; i++)
        {
            ProbeResponder.Receive(request, peer.Path, 0, new byte[ProbeMessage.HeaderBytes], out _);
            RunFor(table, 10);
        }

        Assert.InRange(network.Sent.Count, 9, 11);

        RunFor(table, 1000);
        network.PathMtus[peer.Endpoint!.Value] = 1500;
        ProbeResponder.Receive(request, peer.Path, 0, new byte[ProbeMessage.HeaderBytes], out _);
        RunFor(table, 1000);
        Assert.Equal(PathState.Complete, peer.Path.State);
    }

    [Fact]
    public void A_new_table_keeps_what_is_known_and_a_new_endpoint_begins_again()
    {
        var table = Table(2);
        network.PathMtus[table.Peers[0].Endpoint!.Value] = 1500;
        RunUntil(table, () => table.Peers[0].Path.State == PathState.Complete);
        network.Sent.Clear();

        var kept = table.Peers[0];
        var moved = Sample.Peer(5, "192.0.2.99:6080");
        RunFor(new PeerTable([kept, moved]), 1000);
        Assert.Equal(PathState.Complete, kept.Path.State);
        Assert.All(network.Sent, sent => Assert.Equal(moved.Endpoint, sent.To));
    }

    [Fact]
    public void No_more_than_a_hundred_probes_a_second_leave_and_of_many_idle_paths_ten()
    {
        var table = Table(1000);
        foreach (var peer in table.Peers)
        {
            network.PathMtus[peer.Endpoint!.Value] = 1500;
        }

        RunFor(table, 1000);
        Assert.InRange(network.Sent.Count, 90, 121);
        RunUntil(table, () => table.Peers.All(peer => peer.Path.State == PathState.Complete));
        RunFor(table, 300_000);
        network.Sent.Clear();
        RunFor(table, 100_000);
        Assert.InRange(network.Sent.Count, 700, 1300);
    }

    [Fact]
    public void A_probe_allocates_nothing_once_its_peer_is_known()
    {
        var table = Table(2);
        network.PathMtus[table.Peers[0].Endpoint!.Value] = 1380;
        network.Log = false;
        RunFor(table, 60_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        RunFor(table, 60_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static PeerTable Table(int count) => new(
        [.. Enumerable.Range(0, count).Select(i => Sample.Peer(i, $"192.0.{2 + (i / 250)}.{1 + (i % 250)}:6080"))]);

    private void RunFor(PeerTable table, long milliseconds)
    {
        for (var end = now + milliseconds; now < end;)
        {
            Step(table, end);
        }
    }

    private void RunUntil(PeerTable table, Func<bool> condition)
    {
        for (var end = now + 600_000; !condition();)
        {
            Assert.True(now < end, "not within ten minutes");
            Step(table, end);
        }
    }

    private void Step(PeerTable table, long end)
    {
        var pause = schedule.Run(table, network, Ticks(now));
        if (network.Deliver(table, Ticks(now)))
        {
            now += 5;
            return;
        }

        now = Math.Min(end, now + Math.Max(1, pause));
    }

    private static long Ticks(long milliseconds) => milliseconds * (Stopwatch.Frequency / 1000);

    /// <summary>A network that answers at once what it carries; an endpoint that it does not know swallows everything.</summary>
    private sealed class Network : IProbeTransport
    {
        private readonly byte[] reply = new byte[ProbeMessage.HeaderBytes];
        private readonly Queue<(IpEndpoint From, ProbeMessage Message)> replies = new(2000);

        public Dictionary<IpEndpoint, int> PathMtus { get; } = [];

        public int InterfaceMtu { get; set; } = 1500;

        public bool Log { get; set; } = true;

        public List<(IpEndpoint To, int Bytes)> Sent { get; } = [];

        public int Send(ReadOnlySpan<byte> datagram, in IpEndpoint destination)
        {
            if (Log)
            {
                Sent.Add((destination, datagram.Length));
            }

            if (datagram.Length + 28 > InterfaceMtu)
            {
                return -Errno.EMSGSIZE;
            }

            if (datagram.Length + 28 <= PathMtus.GetValueOrDefault(destination) && ProbeMessage.TryParse(datagram, out var message))
            {
                replies.Enqueue((destination, message with { IsReply = true }));
            }

            return datagram.Length;
        }

        public int RouteMtuBytes(IpAddress destination) => InterfaceMtu;

        public bool Deliver(PeerTable table, long timestamp)
        {
            var any = replies.Count > 0;
            while (replies.TryDequeue(out var answer))
            {
                answer.Message.Write(reply);
                var path = table.FindBySource(answer.From)!.Path;
                Assert.True(ProbeResponder.Receive(reply, path, timestamp + Ticks(5), [], out _) == ProbeOutcome.Recorded);
            }

            return any;
        }
    }
}
