using System.Diagnostics;
using System.Net.Sockets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Control;

/// <summary>Collects what one client sends until a whole request is there. Grows with the request up to the limit, and no further.</summary>
internal sealed class UapiRequestBuffer
{
    private const int FirstBytes = 4 << 10;

    private byte[] buffer = new byte[FirstBytes];
    private int length;

    /// <summary>Waits for the next request.</summary>
    /// <returns>The request with its empty line, good until the next call; empty if the client hung up instead.</returns>
    /// <exception cref="TimeoutException">It took longer than the patience.</exception>
    /// <exception cref="InvalidDataException">It is over the limit, or was broken off.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    public ReadOnlyMemory<byte> TryReceive(Socket client, TimeSpan patience)
    {
        var begin = Stopwatch.GetTimestamp();
        var searched = 0;
        while (true)
        {
            var end = buffer.AsSpan(searched, length - searched).IndexOf(UapiProtocol.Terminator);
            if (end >= 0)
            {
                return buffer.AsMemory(0, searched + end + UapiProtocol.Terminator.Length);
            }

            searched = Math.Max(0, length - 1);
            Grow();
            var received = Receive(client, patience - Stopwatch.GetElapsedTime(begin));
            if (received == 0)
            {
                return length == 0 ? default : throw new InvalidDataException("the request was broken off");
            }

            length += received;
        }
    }

    /// <summary>Forgets a request that was answered.</summary>
    public void Consume(int count)
    {
        buffer.AsSpan(count, length - count).CopyTo(buffer);
        length -= count;
        if (length == 0 && buffer.Length > FirstBytes)
        {
            buffer = new byte[FirstBytes];
        }
    }

    private void Grow()
    {
        if (length == UapiProtocol.MaxMessageBytes)
        {
            throw new InvalidDataException("the request is over the size limit");
        }

        if (length == buffer.Length)
        {
            Array.Resize(ref buffer, Math.Min(2 * buffer.Length, UapiProtocol.MaxMessageBytes));
        }
    }

    private int Receive(Socket client, TimeSpan timeLeft)
    {
        if (timeLeft.TotalMilliseconds < 1 || !client.Poll(timeLeft, SelectMode.SelectRead))
        {
            throw new TimeoutException("the client took too long over its request");
        }

        return client.Receive(buffer.AsSpan(length));
    }
}
