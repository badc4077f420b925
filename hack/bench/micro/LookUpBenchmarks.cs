using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using CniTun.Addresses;
using CniTun.Tunnel.Peers;

namespace CniTun.Bench;

/// <summary>Finds the owner of an address among 10,000 prefixes of 5,000 peers, a different address each time.</summary>
public class LookUpBenchmarks
{
    // Many, or the processor would learn them by heart.
    private const int Count = 16384;
    private PeerTable table4 = PeerTable.Empty;
    private PeerTable table6 = PeerTable.Empty;
    private IpAddress[] addresses4 = [];
    private IpAddress[] addresses6 = [];

    [Params(Layout.Dense, Layout.Hosts, Layout.Scattered)]
    public Layout Layout { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        table4 = Sample.Table(Layout, isIPv6: false);
        table6 = Sample.Table(Layout, isIPv6: true);
        addresses4 = Sample.Addresses(table4, isIPv6: false, Count);
        addresses6 = Sample.Addresses(table6, isIPv6: true, Count);
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int LookUpIPv4() => FindAll(table4, addresses4);

    [Benchmark(OperationsPerInvoke = Count)]
    public int LookUpIPv6() => FindAll(table6, addresses6);

    // Each look-up waits for the one before it, without a branch that could be guessed: on the packet path no two overlap.
    private static int FindAll(PeerTable table, IpAddress[] addresses)
    {
        var found = 0;
        for (var i = 0; i < addresses.Length; i++)
        {
            found += Unsafe.BitCast<bool, byte>(table.FindByAddress(addresses[i ^ (found >> 30)]) is not null);
        }

        return found;
    }
}
