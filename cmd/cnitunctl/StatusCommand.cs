using System.CommandLine;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary><c>cnitunctl status</c>: asks the tunnel, reads the leases, and prints whatever could be had.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "for programs: everything, byte counts and all counters exact" };
        var socket = PathOption("--socket", "PATH", "the tunnel's unix socket", "/var/run/wireguard/cnitun-tun0.sock");
        var dataDir = PathOption("--data-dir", "DIR", "where the plugin keeps leases", "/run/cnitun");
        var command = new Command("status", "The tunnel's peers and drops, and the pods' addresses.") { json, socket, dataDir };
        command.SetAction((line, _) => RunAsync(
            line.GetValue(json),
            line.GetValue(socket)!,
            line.GetValue(dataDir)!,
            line.InvocationConfiguration.Output,
            line.InvocationConfiguration.Error));
        return command;
    }

    private static Option<string> PathOption(string name, string valueName, string description, string defaultPath)
    {
        var option = new Option<string>(name) { HelpName = valueName, Description = description, DefaultValueFactory = _ => defaultPath };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var path }] && !Path.IsPathFullyQualified(path))
            {
                result.AddError($"{name} '{path}': not an absolute path");
            }
        });
        return option;
    }

    /// <returns>The exit code: 1 if something could not be shown.</returns>
    private static async Task<int> RunAsync(bool asJson, string socket, string dataDir, TextWriter output, TextWriter errors)
    {
        var problems = new List<string>();
        var tunnel = await AskTunnelAsync(socket, problems);
        var status = new NodeStatus(tunnel, ReadLeases(dataDir, problems), problems);

        await output.WriteAsync(asJson ? StatusJson.Format(status) : StatusText.Format(status));
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

/// <summary>What was found on the node; what could not be found out is missing, with a reason.</summary>
/// <param name="Tunnel">The tunnel's state; null if it does not answer.</param>
/// <param name="Leases">By network and address.</param>
/// <param name="Problems">Why something is missing, one line each.</param>
internal sealed record NodeStatus(DeviceState? Tunnel, IReadOnlyList<NetworkLease> Leases, IReadOnlyList<string> Problems);

/// <summary>A lease and the network whose it is.</summary>
internal sealed record NetworkLease(string Network, Lease Lease);
