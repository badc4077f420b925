using CniTun.Addresses;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Headers;
using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Tests.Processes;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>
/// The reference kernel against the real one: what the inbound core writes to one TUN is routed to another, whose reader wants no
/// superpackets.
/// </summary>
[Collection(KernelTestsAlone.Name)]
public sealed class KernelTests : IDisposable
{
    private const TunOptions Options = TunOptions.Tun | TunOptions.VirtioHeader;
    private const TunOffloads Every = TunOffloads.Checksum | TunOffloads.Tso4 | TunOffloads.Tso6 | TunOffloads.TsoEcn | TunOffloads.Uso4 | TunOffloads.Uso6;

    private readonly TestNamespace space = new();
    private readonly GuardedMemory memory = new(100);
    private readonly IpEndpoint source = IpEndpoint.Parse("192.0.2.1:6080");
    private readonly DirectionCounters counters = new();
    private readonly TunDevice into;
    private readonly TunDevice outOf;
    private readonly Inbound core;

    public KernelTests()
    {
        into = Open("tun-in", Every, "10.1.0.0/16", "fd01::/16");
        outOf = Open("tun-out", TunOffloads.None, "10.0.0.0/8", "fd00::/8");
        space.Run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.conf.all.rp_filter=0");
        core = new Inbound(Sample.Current(Sample.Peer(1, "192.0.2.1:6080", "10.1.0.0/16", "fd01::/16")), counters, new TunPacketWriter(into));
    }

    public void Dispose()
    {
        into.Dispose();
        outOf.Dispose();
        space.Dispose();
        memory.Dispose();
    }

    [KernelTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_the_kernel_makes_of_superpackets_is_what_came_over_the_network(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var traffic = new RandomTraffic(random);
            var datagrams = Enumerable.Range(0, random.Next(1, 100)).Select(_ => traffic.Datagram()).ToList();
            Forward(datagrams);
        }
    }

    [KernelFact]
    public void So_it_is_for_the_largest_superpackets_and_the_smallest_segments()
    {
        foreach (var first in new[] { InnerPacket.Tcp4, InnerPacket.Tcp6, InnerPacket.Udp4, InnerPacket.Udp6 })
        {
            Forward(Flow.Of(first with { PayloadBytes = 1 }, 64).ConvertAll(packet => packet.ToArray()));
            Forward(Flow.Of(first with { PayloadBytes = 1360 }, 49).ConvertAll(packet => packet.ToArray()));
            Forward(Flow.Of(first with { PayloadBytes = 1020 }, 64).ConvertAll(packet => packet.ToArray()));
            Forward([(first with { PayloadBytes = 1360 }).ToArray(), (first.Next() with { PayloadBytes = 1, Sequence = 2360, Offset = 1360 }).ToArray()]);
        }
    }

    private TunDevice Open(string name, TunOffloads offloads, params string[] routes)
    {
        var tun = space.Run(() => TunDevice.Open(name, Options));
        Assert.Equal(0, tun.SetOffloads(offloads));
        space.Ip("link", "set", name, "up", "mtu", "9000");
        foreach (var route in routes)
        {
            space.Ip("route", "add", route, "dev", name);
        }

        return tun;
    }

    private void Forward(List<byte[]> datagrams)
    {
        foreach (var datagram in datagrams)
        {
            core.Receive(memory.Place(datagram), 0, source, 0);
        }

        core.Flush();
        memory.CheckAndClear();
        Assert.Equal(counters.Packets, Enumerable.Range(0, Drops.Count).Sum(drop => counters[(Drop)drop]));
        ReferenceOrder.AssertSeen(datagrams.Select(Hop), Read(datagrams.Count).Select(packet => (packet, true)));
    }

    /// <summary>Does what a router does.</summary>
    private static byte[] Hop(byte[] packet)
    {
        if (packet[0] >> 4 == 6)
        {
            packet[7]--;
            return packet;
        }

        packet[8]--;
        ReferenceChecksum.WriteIPv4(packet);
        return packet;
    }

    /// <summary>Passes over the kernel's own chatter.</summary>
    private List<byte[]> Read(int count)
    {
        var packets = new List<byte[]>();
        var buffer = new byte[70_000];
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Wait.Milliseconds, Timeout.Infinite);
        while (packets.Count < count && stop.WaitReadable(outOf))
        {
            var length = outOf.Read(buffer);
            var packet = buffer.AsSpan(VirtioHeader.Bytes, Math.Max(0, length - VirtioHeader.Bytes));
            if (packet.Length >= 20 && (packet[0] >> 4 == 6 ? packet[8] == 0xfd : packet[12] == 10))
            {
                packets.Add(packet.ToArray());
            }
        }

        return packets;
    }

    private sealed class TunPacketWriter(TunDevice tun) : IPacketWriter
    {
        public int Write(PieceList pieces) => tun.Write(pieces);
    }
}
