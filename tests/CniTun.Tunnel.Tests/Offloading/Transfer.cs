using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using CniTun.Tunnel.Tests.Processes;

namespace CniTun.Tunnel.Tests.Offloading;

/// <summary>Sends much over TCP from one pod address of two nodes to the other's, and compares what arrived.</summary>
internal static class Transfer
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Moves that many bytes from the left node to the right one, and back.</summary>
    public static async Task BothWays(TwoNodes nodes, int bytes, string address = "10.2.0.1")
    {
        using var listener = nodes.RightSpace.Run(() =>
        {
            var opened = new TcpListener(IPAddress.Parse(address), 0);
            opened.Start();
            return opened;
        });
        using var client = nodes.LeftSpace.Run(() => new TcpClient(IPAddress.Parse(address).AddressFamily));
        var accepting = listener.AcceptTcpClientAsync();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint).WaitAsync(Patience);
        using var server = await accepting.WaitAsync(Patience);

        var content = RandomNumberGenerator.GetBytes(bytes);
        await OneWay(client, server, content);
        await OneWay(server, client, content);
    }

    private static async Task OneWay(TcpClient from, TcpClient to, byte[] content)
    {
        var received = new byte[content.Length];
        var receiving = to.GetStream().ReadExactlyAsync(received).AsTask();
        await from.GetStream().WriteAsync(content).AsTask().WaitAsync(Patience);
        await receiving.WaitAsync(Patience);
        Assert.True(received.AsSpan().SequenceEqual(content));
    }
}
