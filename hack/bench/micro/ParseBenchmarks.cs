using BenchmarkDotNet.Attributes;
using CniTun.Tunnel.Packets;

namespace CniTun.Bench;

/// <summary>Checks a packet's header and reads both addresses.</summary>
public class ParseBenchmarks
{
    private readonly byte[] packet4 = Sample.Packet(isIPv6: false, payloadBytes: 64);
    private readonly byte[] packet6 = Sample.Packet(isIPv6: true, payloadBytes: 64);

    [Benchmark]
    public bool ParseIPv4() => Parse(packet4);

    [Benchmark]
    public bool ParseIPv6() => Parse(packet6);

    private static bool Parse(byte[] bytes) =>
        IpPacket.TryParse(bytes, out var packet) == Drop.None && packet.Source != packet.Destination;
}
