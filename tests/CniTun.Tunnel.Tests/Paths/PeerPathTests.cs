using CniTun.Tunnel.Paths;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class PeerPathTests
{
    [Theory]
    [InlineData(false, 65507)]
    [InlineData(true, 65487)]
    public void Of_a_new_path_nothing_is_known_and_nothing_is_refused(bool isIPv6, int maxPacketBytes)
    {
        var path = new PeerPath(isIPv6);
        Assert.Equal(PathState.Unknown, path.State);
        Assert.Equal(maxPacketBytes, path.MaxPacketBytes);
        Assert.Equal((-1L, -1L, -1), (path.RoundTripMicroseconds, path.LeastRoundTripMicroseconds, path.LossPermille));
    }

    [Fact]
    public void A_refused_send_lowers_the_path_at_once_and_the_prober_hears_the_smallest_of_them()
    {
        var path = new PeerPath(isIPv6: false);
        path.SendRefused(1473);
        Assert.Equal(1472, path.MaxPacketBytes);
        path.SendRefused(1473);
        path.SendRefused(1401);
        path.SendRefused(1450);
        Assert.Equal(1400, path.MaxPacketBytes);
        Assert.Equal(1428, path.MtuBytes);
        Assert.Equal(1429, path.TakeRefused());
        Assert.Equal(0, path.TakeRefused());
    }

    [Fact]
    public async Task Refusals_on_many_threads_end_at_the_smallest()
    {
        var path = new PeerPath(isIPv6: true);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                path.SendRefused(60_000 - (4 * i) - thread);
            }
        })));
        Assert.Equal(60_000 - 39_999 - 1, path.MaxPacketBytes);
        Assert.Equal(60_000 - 39_999 + 48, path.TakeRefused());
    }

    [Fact]
    public void What_the_search_found_is_published()
    {
        var path = new PeerPath(isIPv6: false);
        var search = new PathMtuSearch(isIPv6: false, 1500);
        Assert.Equal(52, search.Due(0));
        search.Answered(52, 400, 1);
        path.Publish(search);
        Assert.Equal(PathState.Searching, path.State);
        Assert.Equal((400L, 400L, 0, 1472), (path.RoundTripMicroseconds, path.LeastRoundTripMicroseconds, path.LossPermille, path.MaxPacketBytes));
    }
}
