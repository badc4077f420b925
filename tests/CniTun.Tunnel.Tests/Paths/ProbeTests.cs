using CniTun.Tunnel.Paths;

namespace CniTun.Tunnel.Tests.Paths;

public sealed class ProbeTests
{
    private static readonly ProbeMessage Request = new(IsReply: false, 0x01020304, 0x1122334455667788, 0x0a0b0c0d0e0f1011, 40);

    [Fact]
    public void On_the_wire_request_and_reply_are_laid_out_as_documented()
    {
        var request = new byte[40];
        var reply = new byte[40];
        request.AsSpan().Fill(0xee);
        Assert.Equal(40, Request.Write(request));
        Assert.Equal(24, (Request with { IsReply = true }).Write(reply));
        Snapshot.Match($"request\n{Snapshot.Hex(request)}reply\n{Snapshot.Hex(reply.AsSpan(0, 24))}");
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var datagram = new byte[40];
        foreach (var message in new[] { Request, Request with { IsReply = true, PayloadBytes = ProbeMessage.MaxPayloadBytes } })
        {
            var length = message.Write(datagram);
            Assert.True(ProbeMessage.TryParse(datagram.AsSpan(0, length), out var read));
            Assert.Equal(message, read);
        }
    }

    [Fact]
    public void A_request_that_is_cut_or_longer_than_it_says_is_none()
    {
        var datagram = new byte[41];
        Request.Write(datagram);
        for (var length = 0; length <= 41; length++)
        {
            Assert.Equal(length == 40, ProbeMessage.TryParse(datagram.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void Nothing_makes_parser_or_responder_throw_and_no_reply_is_longer_than_its_request()
    {
        var random = new Random(80);
        var path = new PeerPath(isIPv6: false);
        var reply = new byte[ProbeMessage.HeaderBytes];
        var outcomes = new int[4];
        for (var i = 0; i < 300_000; i++)
        {
            var datagram = new byte[random.Next(i % 3 == 0 ? 26 : 60)];
            random.NextBytes(datagram);
            if (datagram.Length >= 4 && i % 4 != 0)
            {
                datagram[0] = (byte)(0x80 | (datagram[0] & 1));
                datagram[1] = (byte)(i % 8 == 1 ? datagram[1] : 1);
                datagram[2] = 0;
                datagram[3] = (byte)(i % 16 == 2 ? datagram[3] : datagram.Length);
            }

            var outcome = ProbeResponder.Receive(datagram, path, i, reply, out var replyBytes);
            outcomes[(int)outcome]++;
            Assert.Equal(outcome == ProbeOutcome.Reply ? ProbeMessage.HeaderBytes : 0, replyBytes);
            Assert.True(replyBytes <= datagram.Length);
        }

        Assert.True(outcomes[(int)ProbeOutcome.Reply] > 1000);
        Assert.True(outcomes[(int)ProbeOutcome.Malformed] > 1000);
        Assert.True(outcomes[(int)ProbeOutcome.Unexpected] > 1000);
        Assert.Equal(0, outcomes[(int)ProbeOutcome.Recorded]);
    }

    [Fact]
    public void A_reply_is_taken_once_and_only_for_the_probe_that_is_out()
    {
        var path = new PeerPath(isIPv6: false);
        var sent = Request with { Timestamp = 1000 };
        path.Probes.Begin(sent);
        var reply = sent with { IsReply = true };

        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, reply with { Token = 0 }));
        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, reply with { Token = reply.Token + 1 }));
        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, reply with { Sequence = reply.Sequence + 8 }));
        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, reply with { PayloadBytes = 41 }));
        Assert.Equal(ProbeOutcome.Recorded, Receive(path, reply));
        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, reply));

        Assert.True(path.Probes.TryTake(out var bytes, out var roundTrip));
        Assert.Equal((40, 500L), (bytes, roundTrip));
        Assert.False(path.Probes.TryTake(out _, out _));
    }

    [Fact]
    public void An_answer_to_a_probe_whose_place_another_has_taken_is_not_taken_for_the_others()
    {
        var path = new PeerPath(isIPv6: false);
        path.Probes.Begin(Request);
        path.Probes.Begin(Request with { Sequence = Request.Sequence + 8, Token = 5, PayloadBytes = 1000 });
        Assert.Equal(ProbeOutcome.Unexpected, Receive(path, Request with { IsReply = true }));
        Assert.False(path.Probes.TryTake(out _, out _));
    }

    [Fact]
    public void Answering_and_taking_answers_allocates_nothing()
    {
        var path = new PeerPath(isIPv6: true);
        var request = new byte[1000];
        (Request with { PayloadBytes = 1000 }).Write(request);
        var reply = new byte[ProbeMessage.HeaderBytes];
        ProbeResponder.Receive(request, path, 1, reply, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            ProbeResponder.Receive(request, path, i, reply, out _);
            path.Probes.Begin(Request with { PayloadBytes = 1000 });
            ProbeResponder.Receive(reply, path, i, request, out _);
            path.Probes.TryTake(out _, out _);
            path.SendRefused(1500 - i);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ProbeOutcome Receive(PeerPath path, ProbeMessage message)
    {
        var datagram = new byte[ProbeMessage.HeaderBytes];
        message.Write(datagram);
        return ProbeResponder.Receive(datagram, path, timestamp: 1500, new byte[ProbeMessage.HeaderBytes], out _);
    }
}
