using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>TCP connections between two namespaces, and whether what went in at one end is what came out at the other.</summary>
internal static class Streams
{
    private const int MaxSegmentOption = 2;
    private const int TimeoutMilliseconds = 60_000;

    /// <summary>Sends random bytes over several connections at once, and fails unless each arrives as it was.</summary>
    /// <param name="from">Who connects and sends.</param>
    /// <param name="to">Who listens, on this address.</param>
    /// <param name="address">The listener's.</param>
    /// <param name="count">How many connections.</param>
    /// <param name="bytes">On each.</param>
    /// <param name="maxSegmentBytes">The sender's limit (TCP_MAXSEG); 0 for none.</param>
    /// <param name="configure">Done to each sending socket; null for nothing.</param>
    public static void Carry(TestNamespace from, TestNamespace to, string address, int count, int bytes, int maxSegmentBytes = 0, Action<Socket>? configure = null)
    {
        var family = IPAddress.Parse(address).AddressFamily;
        using var listener = to.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        listener.Listen();
        var threads = new List<Task<byte[]>>();
        for (var i = 0; i < count; i++)
        {
            var sender = from.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
            if (maxSegmentBytes > 0)
            {
                sender.SetRawSocketOption((int)ProtocolType.Tcp, MaxSegmentOption, BitConverter.GetBytes(maxSegmentBytes));
            }

            configure?.Invoke(sender);
            sender.Connect(listener.LocalEndPoint!);
            var receiver = listener.Accept();
            var seed = i;
            threads.Add(Run(() => Send(sender, seed, bytes)));
            threads.Add(Run(() => Receive(receiver)));
        }

        Assert.True(Task.WaitAll([.. threads], TimeoutMilliseconds), "the streams did not end");
        for (var i = 0; i < threads.Count; i += 2)
        {
            Assert.Equal(threads[i].Result, threads[i + 1].Result);
        }
    }

    private static Task<byte[]> Run(Func<byte[]> action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static byte[] Send(Socket socket, int seed, int bytes)
    {
        using var closed = socket;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var buffer = new byte[100_000];
        while (bytes > 0)
        {
            // Now a little, now a lot, so that segments are of all sizes.
            var part = buffer.AsSpan(0, Math.Min(bytes, random.Next(4) == 0 ? random.Next(1, 3000) : buffer.Length));
            random.NextBytes(part);
            hash.AppendData(part);
            for (var sent = 0; sent < part.Length;)
            {
                sent += socket.Send(part[sent..]);
            }

            bytes -= part.Length;
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private static byte[] Receive(Socket socket)
    {
        using var closed = socket;
        socket.ReceiveTimeout = TimeoutMilliseconds;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[100_000];
        while (socket.Receive(buffer) is > 0 and var length)
        {
            hash.AppendData(buffer, 0, length);
        }

        return hash.GetHashAndReset();
    }
}
