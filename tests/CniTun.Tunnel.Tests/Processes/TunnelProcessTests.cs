using System.Net.Sockets;
using CniTun.Addresses;
using CniTun.Linux;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>The program itself, on the real kernel.</summary>
[Collection(KernelTestsAlone.Name)]
public sealed class TunnelProcessTests
{
    [KernelTheory]
    [InlineData("192.0.2.")]
    [InlineData("2001:db8::")]
    public void Pings_pass_over_either_underlay_with_either_family_inside(string underlay)
    {
        using var nodes = new TwoNodes(underlay);
        nodes.PingFromLeft("10.2.0.1");
        nodes.PingFromLeft("fd02::1");

        const long Bytes = (2 * 84) + (2 * 104);
        Wait.Until(() => nodes.RightState().Peers[0] is { RxBytes: >= Bytes, TxBytes: >= Bytes }, () => $"{nodes.RightState().Peers[0]}");
        var peer = Assert.Single(nodes.RightState().Peers);
        Assert.InRange(peer.RxBytes, Bytes, 10_000);
        Assert.InRange(peer.TxBytes, Bytes, 10_000);
        Assert.InRange(nodes.Right.Counted("in_packets", least: 4), 4, 100);
        Assert.InRange(nodes.Right.Counted("out_packets", least: 4), 4, 100);
    }

    [KernelFact]
    public void The_largest_packet_that_the_underlay_takes_passes_and_one_byte_more_is_counted_as_too_big()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("link", "set", "tun0", "mtu", "1472");
        nodes.LeftSpace.Run("ping", "-c", "1", "-W", "20", "-M", "do", "-s", "1444", "10.2.0.1");

        nodes.LeftSpace.Ip("link", "set", "tun0", "mtu", "1473");
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1445", "10.2.0.1");
        Assert.Equal(1, nodes.Left.Counted("out_drop_too_big"));
    }

    [KernelFact]
    public void A_source_that_is_not_the_peers_own_is_dropped_and_counted()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("address", "add", "10.66.0.1/32", "dev", "tun0");
        nodes.LeftSpace.Ip("address", "add", "fd66::1/128", "dev", "tun0", "nodad");
        Assert.NotEqual(0, nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "-I", "10.66.0.1", "10.2.0.1").ExitCode);
        Assert.NotEqual(0, nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "-I", "fd66::1", "fd02::1").ExitCode);
        Assert.Equal(2, nodes.Right.Counted("in_drop_spoofed_source", least: 2));
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void Hostile_datagrams_from_the_peers_address_are_counted_and_harm_nobody()
    {
        using var nodes = new TwoNodes();
        var random = new Random(7);
        const int Count = 2000;
        var datagrams = new List<byte[]>();
        for (var i = 0; i < Count; i++)
        {
            var datagram = new byte[random.Next(64)];
            random.NextBytes(datagram);
            if (datagram.Length > 0 && i % 2 == 0)
            {
                datagram[0] = (byte)((random.Next(2) == 0 ? 0x40 : 0x60) | (datagram[0] & 0xf));
            }

            datagrams.Add(datagram);
        }

        var before = nodes.RightState();
        nodes.LeftSpace.Run(() => Send(datagrams, nodes.RightEndpoint));

        // The kernel's own IPv6 chatter may add a packet.
        Wait.Until(
            () => Seen(nodes.RightState()) >= Seen(before) + Count,
            () => $"{Seen(nodes.RightState()) - Seen(before)} of {Count} datagrams were counted");
        Assert.InRange(nodes.Right.Counted("in_drop_unknown_format"), 1, Count);
        Assert.InRange(nodes.Right.Counted("in_drop_bad_header"), 1, Count);
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void A_stranger_is_dropped_and_a_peer_that_sends_from_another_port_is_not()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("address", "add", "192.0.2.66/24", "dev", "eth0");
        var packet = Sample.Packet("10.1.0.1", "10.2.0.1");
        var before = nodes.RightCounter("in_packets");

        // The endpoint's own port is the tunnel's, so this one differs.
        nodes.LeftSpace.Run(() => Send([packet], nodes.RightEndpoint));
        Wait.Until(() => nodes.RightCounter("in_packets") > before, () => "the peer's packet was not taken");

        // A node that was configured first has probed before it was known.
        before = nodes.RightCounter("in_drop_unknown_source");
        nodes.LeftSpace.Run(() => Send([packet], nodes.RightEndpoint, from: "192.0.2.66"));
        Wait.Until(() => nodes.RightCounter("in_drop_unknown_source") > before, () => "the stranger's packet was not counted");
        Assert.Equal(nodes.LeftEndpoint, nodes.RightState().Peers[0].Endpoint);
    }

    [KernelFact]
    public void The_listening_port_changes_at_run_time_and_a_port_in_use_changes_nothing()
    {
        using var nodes = new TwoNodes();
        nodes.PingFromLeft("10.2.0.1");

        var moved = nodes.RightEndpoint with { Port = 7000 };
        nodes.Right.Api.SetAsync(new DeviceUpdate { ListenPort = 7000, Fwmark = 0x4000 }).GetAwaiter().GetResult();
        nodes.Left.Api.SetAsync(TwoNodes.PeerUpdate(2, moved)).GetAwaiter().GetResult();
        nodes.PingFromLeft("10.2.0.1");
        Assert.Equal(7000, nodes.RightState().ListenPort);
        Assert.Equal(0x4000u, nodes.RightState().Fwmark);

        using var taken = nodes.RightSpace.Run(() => CniTun.Linux.Sockets.UdpSocket.Bind(7001));
        var refusal = Assert.Throws<UapiException>(() => nodes.Right.Api.SetAsync(TwoNodes.PeerUpdate(9, moved) with { ListenPort = 7001 }).GetAwaiter().GetResult());
        Assert.Equal(Errno.EADDRINUSE, refusal.Errno);
        Assert.Single(nodes.RightState().Peers);
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void Packets_for_an_interface_that_is_down_are_counted_and_the_tunnel_goes_on_when_it_is_up_again()
    {
        using var nodes = new TwoNodes();
        nodes.RightSpace.Ip("link", "set", "tun0", "down");
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "10.2.0.1");
        Assert.InRange(nodes.Right.Counted("in_drop_interface_down"), 1, 10);
        nodes.RightSpace.Ip("link", "set", "tun0", "up");
        nodes.RightSpace.Ip("route", "add", "10.1.0.0/16", "dev", "tun0");
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void An_underlay_that_goes_away_and_comes_back_costs_only_what_was_sent_meanwhile()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("link", "set", "eth0", "down");
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "10.2.0.1");
        nodes.LeftSpace.Ip("link", "set", "eth0", "up");
        nodes.PingFromLeft("10.2.0.1");
        Assert.InRange(nodes.Left.Counted("out_drop_unreachable"), 1, 100);
    }

    [KernelFact]
    public void Deleting_the_interface_ends_the_tunnel_with_an_error()
    {
        using var nodes = new TwoNodes();
        nodes.LeftSpace.Ip("link", "delete", "tun0");
        Assert.Equal(1, nodes.Left.WaitForExit());
        Assert.Contains("the interface is lost: EBADFD", nodes.Left.Log, StringComparison.Ordinal);
    }

    [KernelTheory]
    [InlineData("sendmmsg:retval=1000:when=1+")]
    [InlineData("recvmmsg:retval=1000:when=1+")]
    public void A_thread_that_fails_ends_the_tunnel_with_one_line_that_says_why(string injection)
    {
        using var nodes = new TwoNodes();
        using var tracer = new Tracer(nodes.Left.Id, injection);
        var before = nodes.Left.Log.Length;
        nodes.LeftSpace.Try("ping", "-c", "1", "-W", "1", "10.2.0.1");
        Assert.Equal(1, nodes.Left.WaitForExit());
        var line = Assert.Single(nodes.Left.Log[before..].Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("cnitun-tunnel: the thread packets-0 failed: ", line, StringComparison.Ordinal);
    }

    [KernelFact]
    public void Clients_that_come_while_no_descriptor_is_free_are_answered_when_one_is_and_the_failures_are_counted()
    {
        using var nodes = new TwoNodes();
        void Limit(string descriptors) => Command.Run("prlimit", "--pid", $"{nodes.Left.Id}", $"--nofile={descriptors}:");
        Limit("3");
        Assert.Equal(6080, nodes.Left.State().ListenPort);
        Wait.Until(() => nodes.Left.Log.Contains("EMFILE", StringComparison.Ordinal), () => $"nothing is said of it: {nodes.Left.Log}");
        var waiting = nodes.Left.Api.SetAsync(new DeviceUpdate { Fwmark = 0x4000 });
        nodes.PingFromLeft("10.2.0.1");
        Assert.False(waiting.IsCompleted);
        Limit("1000");
        waiting.GetAwaiter().GetResult();
        Assert.Equal(0x4000u, nodes.Left.State().Fwmark);
        Assert.InRange(nodes.LeftCounter("control_accept_failed"), 1, long.MaxValue);
        Assert.Single(nodes.Left.Log.Split('\n'), line => line.Contains("EMFILE", StringComparison.Ordinal));
        Assert.Equal(0, nodes.Left.Terminate());
    }

    [KernelFact]
    public void SIGTERM_ends_it_also_while_no_descriptor_is_free()
    {
        using var nodes = new TwoNodes();
        Command.Run("prlimit", "--pid", $"{nodes.Left.Id}", "--nofile=3:");
        Assert.Equal(6080, nodes.Left.State().ListenPort);
        Assert.Equal(0, nodes.Left.Terminate());
    }

    [KernelFact]
    public void SIGTERM_ends_it_with_with_0_and_takes_socket_and_interface_along()
    {
        using var nodes = new TwoNodes();
        Assert.Equal(0, nodes.Left.Terminate());
        Assert.False(File.Exists(nodes.LeftSocket));
        Assert.DoesNotContain("tun0", nodes.LeftSpace.Ip("link"), StringComparison.Ordinal);
        Assert.Contains("stopping", nodes.Left.Log, StringComparison.Ordinal);
    }

    [KernelFact]
    public void After_a_kill_the_next_one_starts_on_the_socket_that_was_left_behind_and_traffic_resumes()
    {
        using var nodes = new TwoNodes();
        nodes.Left.Kill();
        Assert.True(File.Exists(nodes.LeftSocket));

        using var next = nodes.StartLeft();
        next.Api.SetAsync(TwoNodes.PeerUpdate(2, nodes.RightEndpoint)).GetAwaiter().GetResult();
        TwoNodes.BringUp(nodes.LeftSpace, 1);
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void An_idle_tunnel_uses_no_processor_time()
    {
        using var nodes = new TwoNodes();
        nodes.PingFromLeft("10.2.0.1");
        var begin = Ticks(nodes.Left.Id);
        using (var pause = new ManualResetEventSlim())
        {
            pause.Wait(TimeSpan.FromSeconds(1));
        }

        // In hundredths of a second; a busy wait would take a hundred.
        Assert.InRange(Ticks(nodes.Left.Id) - begin, 0, 50);
    }

    [KernelWgFact]
    public void Wg_prints_peers_endpoints_allowed_ips_and_bytes_and_sets_them()
    {
        using var nodes = new TwoNodes();
        nodes.PingFromLeft("10.2.0.1");

        // Our own keys of a peer are there too, which wg is to pass over.
        Wait.Until(
            () => nodes.Left.Api.GetAsync().GetAwaiter().GetResult().Peers[0].PathState == "complete",
            () => "the path was not measured");

        // wg looks in /var/run/wireguard alone.
        var name = $"cntest{Environment.ProcessId}";
        var link = $"/var/run/wireguard/{name}.sock";
        Directory.CreateDirectory("/var/run/wireguard");
        File.CreateSymbolicLink(link, nodes.LeftSocket);
        try
        {
            var shown = Command.Run("wg", "show", name);
            Assert.Contains($"peer: {Sample.Key(2)}", shown, StringComparison.Ordinal);
            Assert.Contains("endpoint: 192.0.2.2:6080", shown, StringComparison.Ordinal);
            Assert.Contains("allowed ips: 10.2.0.0/16, fd02::/16", shown, StringComparison.Ordinal);
            Assert.Matches("transfer: .* received, .* sent", shown);
            Assert.Contains("listening port: 6080", shown, StringComparison.Ordinal);

            Command.Run("wg", "set", name, "peer", Sample.Key(5).ToBase64(), "endpoint", "[2001:db8::5]:6080", "allowed-ips", "10.5.0.0/16");
            var added = nodes.Left.Api.GetAsync().GetAwaiter().GetResult().Peers.Single(peer => peer.PublicKey == Sample.Key(5));
            Assert.Equal(IpEndpoint.Parse("[2001:db8::5]:6080"), added.Endpoint);
            Command.Run("wg", "set", name, "peer", Sample.Key(5).ToBase64(), "remove");
            Assert.Single(nodes.Left.Api.GetAsync().GetAwaiter().GetResult().Peers);
            Assert.NotEqual(0, Command.Try("wg", "set", name, "peer", Sample.Key(2).ToBase64(), "persistent-keepalive", "25").ExitCode);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [KernelFact]
    public void What_keeps_it_from_starting_is_said_in_one_line_without_a_stack_trace()
    {
        using var nodes = new TwoNodes();
        var other = nodes.LeftSocket + "2";
        Fails(nodes, $"TUNSETIFF tun0: EBUSY", "--interface", "tun0", "--socket", other);
        Fails(nodes, $"UDP port 6080: EADDRINUSE", "--interface", "tun1", "--socket", other);
        Fails(nodes, $"another tunnel answers there", "--interface", "tun1", "--socket", nodes.LeftSocket, "--listen-port", "6081");
        Assert.False(File.Exists(other));
        nodes.PingFromLeft("10.2.0.1");
    }

    [KernelFact]
    public void With_several_queues_too_a_port_in_use_is_refused()
    {
        using var nodes = new TwoNodes("192.0.2.", "--queues", "2");
        Fails(nodes, "UDP port 6080: EADDRINUSE", "--interface", "tun1", "--socket", nodes.LeftSocket + "2", "--queues", "2");
        nodes.PingFromLeft("10.2.0.1");
    }

    [Theory]
    [InlineData("--listen-port", "65536")]
    [InlineData("--listen-port")]
    [InlineData("--interface", "a/b")]
    [InlineData("--interface", "tun%d")]
    [InlineData("--interface", "sixteen-letters-")]
    [InlineData("--socket", "relative")]
    [InlineData("--what")]
    public void A_wrong_argument_ends_it_with_2_and_a_line_that_names_it(params string[] arguments)
    {
        var answer = Command.Try(TunnelProcess.Program, arguments);
        Assert.Equal(2, answer.ExitCode);
        Assert.Contains(arguments[0], Assert.Single(answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_flag_and_goes_to_standard_output()
    {
        var answer = Command.Try(TunnelProcess.Program, "--help");
        Assert.Equal(0, answer.ExitCode);
        Snapshot.Match(answer.Output);
    }

    private static void Fails(TwoNodes nodes, string expected, params string[] arguments)
    {
        var answer = nodes.LeftSpace.Try(TunnelProcess.Program, arguments);
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains(expected, answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer.Error, StringComparison.Ordinal);
    }

    private static long Seen(DeviceState state) => state.Counters.Where(counter => counter.Name.StartsWith("in_", StringComparison.Ordinal)).Sum(counter => counter.Value);

    /// <summary>User and system time of a process, in hundredths of a second.</summary>
    private static long Ticks(int id)
    {
        var fields = File.ReadAllText($"/proc/{id}/stat").Split(' ');
        return long.Parse(fields[13], null) + long.Parse(fields[14], null);
    }

    private static bool Send(IEnumerable<byte[]> datagrams, IpEndpoint destination, string? from = null)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new System.Net.IPEndPoint(from is null ? System.Net.IPAddress.Any : System.Net.IPAddress.Parse(from), 0));
        var to = new System.Net.IPEndPoint(System.Net.IPAddress.Parse(destination.Address.ToString()), destination.Port);
        foreach (var datagram in datagrams)
        {
            socket.SendTo(datagram, to);
        }

        return true;
    }
}

/// <summary>As <see cref="KernelFactAttribute"/>, for a test that needs <c>wg</c> of wireguard-tools.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelWgFactAttribute : FactAttribute
{
    public KernelWgFactAttribute() => Skip = Kernel.WhyNot ?? (File.Exists("/usr/bin/wg") ? null : "needs wg (wireguard-tools)");
}
