using System.Text;
using CniTun.Addresses;

namespace CniTun.Uapi.Tests;

public sealed class SetRequestTests
{
    private const string Key = "0101010101010101010101010101010101010101010101010101010101010101";

    [Fact]
    public void A_request_with_everything_in_it_reads_as_WireGuard_documents_it() => Snapshot.Match(SetRequest.Format(Samples.Update));

    [Fact]
    public void What_is_formatted_parses_back_to_the_same_request()
    {
        Assert.Equal(0, SetRequest.TryParse(Encoding.ASCII.GetBytes(SetRequest.Format(Samples.Update)), out var update));
        Assert.Equal(SetRequest.Format(Samples.Update), SetRequest.Format(update!));
    }

    [Fact]
    public void Host_bits_of_an_allowed_ip_are_cut_off_as_WireGuard_does()
    {
        Assert.Equal(0, Parse($"set=1\npublic_key={Key}\nallowed_ip=10.1.2.3/16\n\n", out var update));
        Assert.Equal(Cidr.Parse("10.1.0.0/16"), update!.Peers[0].AllowedIps[0]);
    }

    [Theory]
    [InlineData("listen_port=65536")]
    [InlineData("listen_port=-1")]
    [InlineData("listen_port= 1")]
    [InlineData("fwmark=0x10")]
    [InlineData("private_key=00")]
    [InlineData("private_key=zz01010101010101010101010101010101010101010101010101010101010101")]
    [InlineData("replace_peers=false")]
    [InlineData("allowed_ip=10.0.0.0/8")]
    [InlineData("no_such_key=1")]
    [InlineData("public_key=01")]
    [InlineData("public_key=" + Key + "\nendpoint=example.org:1")]
    [InlineData("public_key=" + Key + "\nendpoint=10.0.0.1:0")]
    [InlineData("public_key=" + Key + "\nallowed_ip=10.0.0.0/33")]
    [InlineData("public_key=" + Key + "\nlisten_port=1")]
    public void A_value_that_is_out_of_range_or_in_the_wrong_place_is_EINVAL(string line) =>
        Assert.Equal(UapiProtocol.EINVAL, Parse($"set=1\n{line}\n\n", out _));

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("get=1\n\n")]
    [InlineData("set=2\n\n")]
    [InlineData("set=1\n")]
    [InlineData("set=1\nlisten_port\n\n")]
    [InlineData("set=1\n=1\n\n")]
    [InlineData("set=1\n\nset=1\n\n")]
    public void What_is_no_whole_request_is_EPROTO(string text) => Assert.Equal(UapiProtocol.EPROTO, Parse(text, out _));

    [Fact]
    public void A_line_longer_than_any_that_means_something_is_EPROTO() =>
        Assert.Equal(UapiProtocol.EPROTO, Parse($"set=1\nlisten_port={new string('0', 300)}1\n\n", out _));

    [Fact]
    public void A_request_over_the_size_limit_is_refused_unread()
    {
        var message = new byte[UapiProtocol.MaxMessageBytes + 1];
        message.AsSpan().Fill((byte)'a');
        Assert.Equal(UapiProtocol.EPROTO, SetRequest.TryParse(message, out _));
    }

    [Fact]
    public void Nothing_makes_the_parser_throw() => Samples.Mangled(
        SetRequest.Format(Samples.Update),
        message => SetRequest.TryParse(message, out _));

    private static int Parse(string text, out DeviceUpdate? update) => SetRequest.TryParse(Encoding.ASCII.GetBytes(text), out update);
}
