using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary><c>cnitunctl status</c>: asks the tunnel, reads the leases, and prints whatever could be had.</summary>
internal static class StatusCommand
{
    /// <returns>The exit code: 1 if something could not be shown.</returns>
    public static async Task<int> RunAsync(Arguments arguments, TextWriter output, TextWriter errors)
    {
        var problems = new List<string>();
        var tunnel = await AskTunnelAsync(arguments.Socket, problems);
        var status = new NodeStatus(tunnel, ReadLeases(arguments.DataDir, problems), problems);

        await output.WriteAsync(arguments.Json ? StatusJson.Format(status) : StatusText.Format(status));
        await output.FlushAsync();
        foreach (var problem in problems)
        {
            await errors.WriteLineAsync($"cnitunctl: {problem}");
        }

        return problems.Count == 0 ? 0 : 1;
    }

    private static async Task<DeviceState?> AskTunnelAsync(string socket, List<string> problems)
    {
        try
        {
            return await new UapiClient(socket).GetAsync();
        }
        catch (UapiException e)
        {
            problems.Add(e.Errno is Errno.ENOENT or Errno.ECONNREFUSED
                ? $"no tunnel answers on {socket}: is cnitun-tunnel running?"
                : $"the tunnel does not answer: {e.Message}");
            return null;
        }
    }

    private static List<NetworkLease> ReadLeases(string dataDir, List<string> problems)
    {
        var leases = new List<NetworkLease>();
        try
        {
            foreach (var network in LeaseStore.Networks(dataDir).Order(StringComparer.Ordinal))
            {
                AddLeases(dataDir, network, leases);
            }
        }
        catch (LinuxException e)
        {
            problems.Add($"leases cannot be read: {e.Message}");
        }

        return leases;
    }

    private static void AddLeases(string dataDir, string network, List<NetworkLease> leases)
    {
        try
        {
            using var store = LeaseStore.TryOpen(dataDir, network);
            leases.AddRange(store?.List().Select(lease => new NetworkLease(network, lease)) ?? []);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOTDIR)
        {
            // Not a network: a file that somebody put beside them.
        }
    }
}
