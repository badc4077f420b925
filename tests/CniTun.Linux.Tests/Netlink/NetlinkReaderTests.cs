using CniTun.Addresses;
using CniTun.Linux.Netlink;

namespace CniTun.Linux.Tests.Netlink;

public sealed class NetlinkReaderTests
{
    [Fact]
    public void Nothing_makes_the_readers_throw()
    {
        var random = new Random(20261123);
        var seeds = new[]
        {
            LinkRequests.CreateBridge(new byte[256], "br0", new MacAddress(1), 1500).Finish().ToArray(),
            InterfaceAddresses.AddRequest(new byte[256], 1, Cidr.Parse("fd00::1/64"), detectDuplicates: true).Finish().ToArray(),
            new Route { Destination = Cidr.Parse("10.0.0.0/8"), Gateway = IpAddress.Parse("10.0.0.1"), MtuBytes = 9 }
                .Write(new byte[256], RtNetlinkConstants.RTM_NEWROUTE, 0).Finish().ToArray(),
            Neighbours.AnnounceRequest(new byte[256], 1, IpAddress.Parse("fd00::1")).Finish().ToArray(),
        };
        for (var round = 0; round < 100_000; round++)
        {
            var bytes = Mutate(random, seeds[round % seeds.Length]);
            var reader = new NetlinkReader(bytes);
            while (reader.MoveNext())
            {
                _ = Link.Read(reader.Current);
                _ = InterfaceAddresses.Read(reader.Current);
                _ = Route.Read(reader.Current);
                _ = Neighbours.Read(reader.Current);
            }
        }
    }

    [Fact]
    public void A_message_longer_than_its_buffer_is_refused_before_a_byte_is_written_behind_it()
    {
        var buffer = new byte[64];
        Assert.Throws<ArgumentException>(() => LinkRequests.Get(buffer, new string('x', 60)));
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = seed.AsSpan(0, random.Next(seed.Length + 1)).ToArray();
        for (var i = random.Next(8); i > 0 && bytes.Length > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        // Keep the message length plausible half of the time, or nothing behind the header would be looked at.
        if (bytes.Length >= 4 && random.Next(2) == 0)
        {
            BitConverter.TryWriteBytes(bytes, bytes.Length);
        }

        return bytes;
    }
}
