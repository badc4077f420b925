using System.Globalization;
using CniTun.Addresses;
using CniTun.Tunnel.Tests.Packets;
using CniTun.Uapi;

namespace CniTun.Tunnel.Tests.Processes;

/// <summary>What the published program holds on to, as the kernel counts it.</summary>
public sealed class MemoryTests : IDisposable
{
    private const int Peers = 5000;
    private const int MostKilobytes = 16_000;

    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-memory").FullName;
    private readonly TestNamespace space = new("memory");

    public void Dispose()
    {
        space.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [KernelFact]
    public void Five_thousand_peers_take_less_than_16_MB_however_often_they_are_configured()
    {
        using var tunnel = new TunnelProcess(space, [PublishedBinary.Path("cnitun-tunnel")], Path.Combine(directory, "tunnel.sock"));
        for (var time = 1; time <= 3; time++)
        {
            tunnel.Api.SetAsync(Update()).GetAwaiter().GetResult();
            Assert.Equal(Peers, tunnel.Api.GetAsync().GetAwaiter().GetResult().Peers.Count);

            // Memory goes back when the answer is out, and so a moment later.
            Wait.Until(() => ResidentKilobytes(tunnel.Id) < MostKilobytes, () => $"{ResidentKilobytes(tunnel.Id)} kB after configuration {time}");
        }
    }

    private static DeviceUpdate Update() => new()
    {
        ReplacePeers = true,
        Peers =
        [
            .. Enumerable.Range(0, Peers).Select(i => new PeerUpdate
            {
                PublicKey = Sample.Key(i),
                Endpoint = IpEndpoint.Parse($"198.18.{i >> 8}.{i & 255}:6080"),
                ReplaceAllowedIps = true,
                AllowedIps = [Cidr.Parse($"10.{i >> 8}.{i & 255}.0/24"), Cidr.Parse($"fd00:{i:x}::/64")],
            }),
        ],
    };

    private static int ResidentKilobytes(int id) => int.Parse(
        File.ReadLines($"/proc/{id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture);
}
