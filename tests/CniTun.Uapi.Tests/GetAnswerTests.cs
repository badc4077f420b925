using System.Text;

namespace CniTun.Uapi.Tests;

public sealed class GetAnswerTests
{
    [Fact]
    public void An_answer_reads_as_WireGuard_documents_it_with_our_counters_before_the_first_peer_and_paths_behind_each() =>
        Snapshot.Match(GetAnswer.Format(Samples.State));

    [Fact]
    public void What_is_formatted_parses_back_to_the_same_state()
    {
        Assert.Equal(0, Parse(GetAnswer.Format(Samples.State), out var state));
        Assert.Equal(GetAnswer.Format(Samples.State), GetAnswer.Format(state));
        Assert.Equal(Samples.State.Peers[0].LastHandshake, state.Peers[0].LastHandshake);
        Assert.Equal(Samples.State.Offloads, state.Offloads);
        Assert.Equal(412, state.Peers[0].RoundTripMicroseconds);
        Assert.Null(state.Peers[1].PathMtuBytes);
    }

    [Fact]
    public void An_empty_tunnel_has_no_key_and_no_peers()
    {
        Assert.Equal(0, Parse("listen_port=0\nerrno=0\n\n", out var state));
        Assert.Null(state.PrivateKey);
        Assert.Empty(state.Peers);
    }

    [Fact]
    public void Keys_of_a_newer_tunnel_are_passed_over() =>
        Assert.Equal(0, Parse("some_day=1\nerrno=0\n\n", out _));

    [Fact]
    public void An_errno_is_handed_on() => Assert.Equal(98, Parse("errno=98\n\n", out _));

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("listen_port=1\n\n")]
    [InlineData("listen_port=x\nerrno=0\n\n")]
    [InlineData("cnitun_offload=udp-segment\nerrno=0\n\n")]
    [InlineData("cnitun_offload= on\nerrno=0\n\n")]
    [InlineData("errno=0\n")]
    public void What_is_no_whole_answer_is_EPROTO(string text) => Assert.Equal(UapiProtocol.EPROTO, Parse(text, out _));

    [Fact]
    public void Nothing_makes_the_parser_throw() => Samples.Mangled(
        GetAnswer.Format(Samples.State),
        message => GetAnswer.TryParse(message, out _));

    private static int Parse(string text, out DeviceState state) => GetAnswer.TryParse(Encoding.ASCII.GetBytes(text), out state);
}
