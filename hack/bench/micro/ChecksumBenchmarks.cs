using BenchmarkDotNet.Attributes;
using CniTun.Tunnel.Headers;

namespace CniTun.Bench;

/// <summary>Adds up 64 KB, one packet's payload and one header.</summary>
public class ChecksumBenchmarks
{
    private readonly byte[] bytes = new byte[65536];

    [Params(20, 1420, 65536)]
    public int Length { get; set; }

    [Benchmark]
    public ushort Checksum() => Tunnel.Headers.Checksum.Finish(Tunnel.Headers.Checksum.Sum(bytes.AsSpan(0, Length)));
}
