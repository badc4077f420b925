using System.Text;
using CniTun.Addresses;

namespace CniTun.Ipam.Tests;

public sealed class LeaseFileTests : IDisposable
{
    private static readonly Lease Example = new(
        Cidr.Parse("10.1.0.2/24"), IpAddress.Parse("10.1.0.1"), new Attachment("pod-1", "eth0"), "/run/netns/pod-1");

    private readonly TestStore test = new();

    public void Dispose() => test.Dispose();

    [Fact]
    public void A_lease_file_is_a_line_of_JSON()
    {
        test.MustAdd(1, TestStore.Set("10.1.0.0/24"));

        Snapshot.Match(File.ReadAllText($"{test.Addresses}/10.1.0.2"));
    }

    [Fact]
    public void A_store_is_laid_out_as_documented()
    {
        test.MustAdd(1, TestStore.Set("10.1.0.0/24"));
        test.MustAdd(1, TestStore.Set("fd00:1::/64"));
        test.MustAdd(2, TestStore.Set("10.1.0.0/24"));
        test.Store.Begin(TestStore.Pod(3));

        Snapshot.Match(string.Join('\n', test.Layout()));
    }

    [Fact]
    public void A_map_file_is_laid_out_as_documented()
    {
        var set = TestStore.Set("10.1.0.0/24");
        Enumerable.Range(0, 70).ToList().ForEach(pod => test.MustAdd(pod, set));

        Snapshot.Match(Snapshot.Hex(File.ReadAllBytes($"{test.Pools}/{set.Ranges[0]}")));
    }

    [Fact]
    public void A_lease_comes_back_from_its_file_as_it_was()
    {
        foreach (var lease in new[]
        {
            Example,
            Example with { Address = Cidr.Parse("fd00::2/64"), Gateway = IpAddress.Parse("fd00::1") },
            Example with { NetworkNamespace = string.Empty },
            Example with { NetworkNamespace = "/run/\"netns\"/é 🧭\n", Attachment = new Attachment("a_b.c-d", "wärme0") },
        })
        {
            Assert.Equal(lease, Lease.FromFile(lease.ToFile()));
        }
    }

    [Fact]
    public void Nothing_in_a_lease_file_makes_it_throw()
    {
        var random = new Random(4711);
        var original = Example.ToFile();
        var read = 0;
        for (var round = 0; round < 50_000; round++)
        {
            var content = original.ToArray();
            for (var change = random.Next(4); change > 0; change--)
            {
                content[random.Next(content.Length)] = random.Next(3) == 0 ? (byte)"{}[]\",:\\0"[random.Next(9)] : (byte)random.Next(256);
            }

            read += Lease.FromFile(content.AsSpan(0, random.Next(2) == 0 ? content.Length : random.Next(content.Length))) is null ? 0 : 1;
        }

        Assert.InRange(read, 1000, 49_000);
        Assert.Null(Lease.FromFile(Encoding.UTF8.GetBytes(new string('[', 100_000))));
    }
}
