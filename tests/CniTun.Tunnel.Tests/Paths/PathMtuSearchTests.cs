using CniTun.Tunnel.Paths;
using CsCheck;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class PathMtuSearchTests
{
    [Fact]
    public void A_path_that_carries_what_the_route_allows_is_known_after_two_probes()
    {
        var path = new SimulatedPath(1500, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal([52, 1500], path.Sent);
        Assert.Equal(1500, path.Search.PathBytes);
    }

    [Fact]
    public void A_smaller_path_is_found_within_seconds_and_until_the_greatest_size_is_refuted_it_is_believed_in()
    {
        var path = new SimulatedPath(1400, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Searching);
        Assert.Equal(1500, path.Search.PathBytes);
        path.RunUntil(() => path.Search.PathBytes < 1500);
        Assert.InRange(path.Search.PathBytes, 1200, 1400);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal(1400, path.Search.PathBytes);
        Assert.InRange(path.Now, 0, 10_000);
        Assert.InRange(path.Sent.Count, 10, 100);
    }

    [Fact]
    public void A_peer_that_never_answers_has_what_the_route_says_and_is_asked_with_the_smallest_probe_alone()
    {
        var path = new SimulatedPath(0, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Unanswered);
        path.RunFor(60_000);
        Assert.All(path.Sent, bytes => Assert.Equal(52, bytes));
        Assert.InRange(path.Sent.Count, 10, 20);
        Assert.Equal((1500, -1), (path.Search.PathBytes, path.Search.LossPermille));
        path.Search.SetCeiling(1450, path.Now);
        Assert.Equal(1450, path.Search.PathBytes);

        path.Mtu = 1450;
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal((1450, 0), (path.Search.PathBytes, path.Search.LossPermille));
    }

    [Fact]
    public void A_path_that_shrinks_becomes_the_base_as_soon_as_that_is_sure_and_is_then_searched()
    {
        var path = new SimulatedPath(1500, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Mtu = 1300;
        var begin = path.Now;
        path.RunUntil(() => path.Search.PathBytes < 1500);
        Assert.Equal(1200, path.Search.PathBytes);
        Assert.InRange(path.Now - begin, 0, 10_000);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal(1300, path.Search.PathBytes);
    }

    [Fact]
    public void A_path_that_grows_is_noticed_when_the_raise_timer_is_up()
    {
        var path = new SimulatedPath(1300, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Mtu = 1500;
        path.RunFor(590_000);
        Assert.Equal(1300, path.Search.PathBytes);
        path.RunFor(30_000);
        Assert.Equal((1500, PathState.Complete), (path.Search.PathBytes, path.Search.State));
    }

    [Fact]
    public void A_peer_that_falls_silent_keeps_its_path_and_has_it_still_when_it_comes_back()
    {
        var path = new SimulatedPath(1400, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Mtu = 0;
        path.RunUntil(() => path.Search.State == PathState.Unanswered);
        path.RunFor(600_000);
        Assert.Equal(1400, path.Search.PathBytes);
        path.Mtu = 1400;
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.RunFor(30_000);
        Assert.Equal(1400, path.Search.PathBytes);
        Assert.Equal(0, path.Search.LossPermille);
    }

    [Fact]
    public void A_size_that_this_host_refuses_is_believed_at_once_and_the_route_may_say_more_later()
    {
        var path = new SimulatedPath(1500, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Search.Refused(1429, path.Now);
        Assert.Equal(1428, path.Search.PathBytes);
        path.Search.SetCeiling(1400, path.Now);
        Assert.Equal(1400, path.Search.PathBytes);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal(1400, path.Search.PathBytes);

        path.Search.SetCeiling(1500, path.Now);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal(1500, path.Search.PathBytes);
    }

    [Fact]
    public void A_route_that_claims_less_than_what_passes_is_not_believed()
    {
        var path = new SimulatedPath(1500, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Search.SetCeiling(576, path.Now);
        path.RunFor(60_000);
        Assert.Equal((1500, PathState.Complete), (path.Search.PathBytes, path.Search.State));
    }

    [Fact]
    public void A_settled_path_costs_one_probe_an_interval_and_one_attempt_at_more_in_ten_minutes()
    {
        var path = new SimulatedPath(1400, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        path.Sent.Clear();
        path.RunFor(599_000);
        Assert.InRange(path.Sent.Count, 110, 120);
        Assert.All(path.Sent, bytes => Assert.Equal(1400, bytes));
        path.RunFor(599_000);
        Assert.InRange(path.Sent.Count(bytes => bytes > 1400), 1, 10);
    }

    [Theory]
    [InlineData(52)]
    [InlineData(53)]
    [InlineData(60)]
    public void A_path_that_carries_next_to_nothing_is_found_too_and_left_alone(int mtu)
    {
        var path = new SimulatedPath(mtu, ceiling: 1500);
        path.RunUntil(() => path.Search.State == PathState.Complete);
        Assert.Equal(mtu, path.Search.PathBytes);
        path.Sent.Clear();
        path.RunFor(60_000);
        Assert.InRange(path.Sent.Count, 10, 13);
    }

    [Fact]
    public void Steady_loss_is_measured_and_is_no_black_hole()
    {
        var path = new SimulatedPath(1400, ceiling: 1500, loss: 0.1, seed: 3);
        path.RunUntil(() => path.Search is { State: PathState.Complete, PathBytes: 1400 });
        for (var i = 0; i < 2000; i++)
        {
            path.RunFor(5000);
            Assert.Equal(1400, path.Search.PathBytes);
        }

        Assert.InRange(path.Search.LossPermille, 10, 300);
    }

    [Fact]
    public void The_search_ends_at_the_true_mtu_at_any_loss_below_a_third_and_follows_each_change() =>
        Gen.Select(Gen.Bool, Gen.Int[576, 65535].List[1, 4], Gen.Int[1280, 65535], Gen.Double[0, 0.3], Gen.Int)
            .Sample((isIPv6, mtus, ceiling, loss, seed) =>
            {
                var path = new SimulatedPath(0, ceiling, isIPv6, loss, seed);
                foreach (var mtu in mtus)
                {
                    path.Mtu = isIPv6 ? Math.Max(1280, mtu) : mtu;
                    path.RunUntil(() => path.Search.State == PathState.Complete && path.Search.PathBytes == Math.Min(path.Mtu, ceiling));
                }
            });

    [Fact]
    public void Nothing_that_is_told_makes_it_throw_or_leave_its_bounds() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[-100, 70_000], Gen.Long[0, 20_000]).List[1, 200].Sample(events =>
        {
            var search = new PathMtuSearch(isIPv6: false, 1500);
            var now = 0L;
            foreach (var (what, bytes, pause) in events)
            {
                now += pause;
                switch (what)
                {
                    case 0:
                        search.Refused(bytes, now);
                        break;
                    case 1:
                        search.SetCeiling(bytes, now);
                        break;
                    case 2:
                        search.Answered(bytes, pause, now);
                        break;
                    case 3:
                        search.LookAgain(now);
                        break;
                    default:
                        var due = search.Due(now);
                        Assert.True(due is 0 or (>= 52 and <= 65_535), $"{due}");
                        if (what == 5 && due > 0)
                        {
                            search.Answered(due, 100, now);
                        }

                        break;
                }

                Assert.InRange(search.PathBytes, 52, 65_535);
            }
        });

    /// <summary>A path in simulated time: passes what is not too long for it and not lost, with a round trip of 20 ms.</summary>
    private sealed class SimulatedPath(int mtu, int ceiling, bool isIPv6 = false, double loss = 0, int seed = 1)
    {
        private readonly Random random = new(seed);

        public PathMtuSearch Search { get; } = new(isIPv6, ceiling);

        public int Mtu { get; set; } = mtu;

        public long Now { get; private set; }

        public List<int> Sent { get; } = [];

        public void RunFor(long milliseconds)
        {
            for (var end = Now + milliseconds; Now < end;)
            {
                Step(end);
            }
        }

        /// <summary>Fails after four hours of simulated time.</summary>
        public void RunUntil(Func<bool> condition)
        {
            for (var end = Now + (4 * 3_600_000); !condition();)
            {
                Assert.True(Now < end, $"state {Search.State}, {Search.PathBytes} bytes, path {Mtu}, last probes {string.Join(' ', Sent.TakeLast(20))}");
                Step(end);
            }
        }

        private void Step(long end)
        {
            var bytes = Search.Due(Now);
            if (bytes == 0)
            {
                Now = Math.Min(end, Math.Max(Now + 1, Search.WakeAt));
                return;
            }

            Sent.Add(bytes);
            if (bytes <= Mtu && random.NextDouble() >= loss)
            {
                Now += 20;
                Search.Answered(bytes, 20_000, Now);
            }
        }
    }
}
