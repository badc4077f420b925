using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using CniTun.Linux.Buffers;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;

namespace CniTun.Linux.Tests.Tuntap;

/// <summary>TUN devices with a virtio header, on the real kernel.</summary>
public sealed class TunOffloadTests : IDisposable
{
    private const TunOffloads Every = TunOffloads.Checksum | TunOffloads.Tso4 | TunOffloads.Tso6 | TunOffloads.TsoEcn | TunOffloads.Uso4 | TunOffloads.Uso6;
    private const TunOptions Options = TunOptions.Tun | TunOptions.VirtioHeader;

    private readonly TestNamespace space = new();
    private readonly TunDevice tun;

    public TunOffloadTests()
    {
        tun = space.Run(() => TunDevice.Open("tun-test", Options | TunOptions.MultiQueue));
        space.Ip("address", "add", "10.99.0.1/24", "dev", "tun-test");
        space.Ip("link", "set", "tun-test", "up");
    }

    public void Dispose()
    {
        tun.Dispose();
        space.Dispose();
    }

    [KernelFact]
    public void Every_offload_is_taken_and_given_up_again()
    {
        Assert.Equal(0, tun.SetOffloads(Every));
        Assert.Equal(0, tun.SetOffloads(TunOffloads.None));
    }

    [KernelTheory]
    [InlineData((TunOffloads)0x4000)]
    [InlineData(Every | (TunOffloads)0x4000)]
    public void An_offload_that_the_kernel_does_not_know_is_EINVAL(TunOffloads offloads) => Assert.Equal(Errno.EINVAL, tun.SetOffloads(offloads));

    [KernelFact]
    public void With_the_offload_a_long_send_of_UDP_is_read_as_one_packet_that_says_how_to_cut_it()
    {
        Assert.Equal(0, tun.SetOffloads(Every));
        SendSegmented(3000, 1000);

        var packet = Read();
        var header = MemoryMarshal.Read<VirtioHeader>(packet);
        Assert.Equal(VirtioHeader.VIRTIO_NET_HDR_GSO_UDP_L4, header.GsoType);
        Assert.Equal(VirtioHeader.VIRTIO_NET_HDR_F_NEEDS_CSUM, header.Flags);
        Assert.Equal((1000, 20, 6), (header.GsoSize, header.CsumStart, header.CsumOffset));
        Assert.Equal(10 + 28 + 3000, packet.Length);
    }

    [KernelFact]
    public void Without_it_the_kernel_cuts()
    {
        SendSegmented(3000, 1000);
        for (var i = 0; i < 3; i++)
        {
            var packet = Read();
            Assert.Equal(default, MemoryMarshal.Read<VirtioHeader>(packet));
            Assert.Equal(10 + 28 + 1000, packet.Length);
        }
    }

    [KernelFact]
    public void A_packet_in_many_pieces_arrives_as_one()
    {
        using var receiver = space.Run(() => UdpSocket.Bind(7777));
        var buffer = new PinnedBuffer(100);
        buffer.Span(0, 100).Clear();
        Convert.FromHexString("4500002000004000401100000a6300020a6300011e611e61000c000064656667").CopyTo(buffer.Span(20, 32));
        WriteIPv4Checksum(buffer.Span(20, 20));
        var list = new PieceList(10);
        list.Add(buffer.Piece(0, VirtioHeader.Bytes));
        list.Add(buffer.Piece(20, 20));
        list.AddSeparate(buffer.Piece(40, 8));
        list.AddSeparate(buffer.Piece(48, 1));
        list.AddSeparate(buffer.Piece(49, 3));
        Assert.Equal(VirtioHeader.Bytes + 32, tun.Write(list));

        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Eventually.Limit, Timeout.InfiniteTimeSpan);
        Assert.True(stop.WaitReadable(receiver));
        var bytes = new byte[10];
        Assert.Equal(4, receiver.Receive(bytes, out _));
        Assert.Equal("defg"u8.ToArray(), bytes[..4]);
    }

    [KernelFact]
    public void A_gathered_write_fails_as_a_plain_one_does()
    {
        var buffer = new PinnedBuffer(100);
        buffer.Span(0, 100).Clear();
        var list = new PieceList(2);
        list.Add(buffer.Piece(0, 40));
        Assert.Equal(-Errno.EINVAL, tun.Write(list));
        buffer.Span(VirtioHeader.Bytes, 1)[0] = 0x45;
        space.Ip("link", "set", "tun-test", "down");
        Assert.Equal(-Errno.EIO, tun.Write(list));
        space.Ip("link", "delete", "tun-test");
        Assert.Equal(-Errno.EBADFD, tun.Write(list));
    }

    [KernelFact]
    public void A_second_descriptor_is_a_second_queue_and_the_interface_lives_until_the_last_one_closes()
    {
        using (space.Run(() => TunDevice.Open("tun-test", Options | TunOptions.MultiQueue)))
        {
            tun.Dispose();
            Assert.Contains("tun-test", space.Ip("link"), StringComparison.Ordinal);
        }

        Eventually.True(() => !space.Ip("link").Contains("tun-test", StringComparison.Ordinal), "the interface is gone");
    }

    [KernelFact]
    public void A_second_descriptor_of_another_kind_is_EINVAL_and_leaves_none_open() => OpenDescriptors.AssertNoneLeaked(() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => space.Run(() => TunDevice.Open("tun-test", Options))).Errno));

    /// <summary>A process that is being started has all descriptors of this one for a moment, so a name may be in use a little longer.</summary>
    [KernelFact]
    public void Opening_and_closing_leaves_no_descriptor_open() => OpenDescriptors.AssertNoneLeaked(() =>
        Eventually.Succeeds<LinuxException, TunDevice>(() => space.Run(() => TunDevice.Open("tun-other", Options))).Dispose());

    private static void WriteIPv4Checksum(Span<byte> header)
    {
        var sum = 0u;
        for (var i = 0; i < header.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)~((sum & 0xffff) + (sum >> 16)));
    }

    /// <summary>Sends as one message that is to be cut (UDP_SEGMENT of linux/udp.h).</summary>
    private void SendSegmented(int bytes, int segmentBytes) => space.Run(() =>
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.SetRawSocketOption(17, 103, BitConverter.GetBytes(segmentBytes));
        return client.SendTo(new byte[bytes], new IPEndPoint(IPAddress.Parse("10.99.0.2"), 9));
    });

    /// <summary>Passes over the kernel's own IPv6 chatter.</summary>
    private byte[] Read()
    {
        var buffer = new byte[70_000];
        using var stop = new StopEvent();
        using var deadline = new Timer(_ => stop.Signal(), null, Eventually.Limit, Timeout.InfiniteTimeSpan);
        while (stop.WaitReadable(tun))
        {
            var length = tun.Read(buffer);
            if (length > VirtioHeader.Bytes && buffer[VirtioHeader.Bytes] >> 4 == 4)
            {
                return buffer[..length];
            }
        }

        throw new TimeoutException("no IPv4 packet came out of the TUN");
    }
}
