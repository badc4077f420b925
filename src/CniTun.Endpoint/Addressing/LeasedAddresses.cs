using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Ipam;

namespace CniTun.Endpoint.Addressing;

/// <summary>The built-in IPAM: addresses from our own lease store.</summary>
internal sealed class LeasedAddresses(
    CniRequest request,
    NetworkConfiguration configuration,
    LeaseStore store,
    Attachment attachment) : IAddressManagement
{
    public CniResult Allocate()
    {
        var sets = RangeReader.ReadSets(request, configuration);
        store.Once("adopted", () => LiveEndpoints.Adopt(store, request.NetworkName, sets));
        if (configuration.Ipam.ImportDir is { Length: > 0 } importDirectory)
        {
            store.Once("imported", () => HostLocalImport.Run(store, importDirectory, sets));
        }

        var dns = ReadNameServers();
        var requested = RangeReader.ReadRequested(request.Arguments, configuration).ToList();
        var leases = new List<Lease>();
        foreach (var set in sets)
        {
            var wanted = requested.FindIndex(address => set.Find(address) is not null);
            leases.Add(wanted < 0 ? Choose(set) : Claim(set, requested[wanted]));
            if (wanted >= 0)
            {
                requested.RemoveAt(wanted);
            }
        }

        return requested.Count > 0
            ? throw EndpointErrors.AddressUnavailable(requested[0], WhyNot(requested[0], sets))
            : new CniResult
            {
                Ips = [.. leases.Select(lease => new CniAddress { Address = lease.Address, Gateway = lease.Gateway })],
                Routes = configuration.Ipam.Routes ?? [],
                Dns = dns,
            };
    }

    /// <summary>Leases belong to the attachment's record and go with it.</summary>
    public void Release() => store.Release(attachment);

    public void Check(CniResult expected)
    {
        var leased = store.Find(attachment);
        foreach (var address in PreviousResult.AddressesOf(expected, request.Arguments.InterfaceName))
        {
            if (!leased.Any(lease => lease.Address == address))
            {
                throw EndpointErrors.NotAsExpected($"{address} is not leased to {attachment}");
            }
        }
    }

    public void Collect()
    {
        // GC releases the record of each attachment that is not valid, and its leases with it.
    }

    public void Status()
    {
        var sets = RangeReader.ReadSets(request, configuration);
        _ = ReadNameServers();
        store.EnsureWritable();
        foreach (var set in sets)
        {
            if (!store.HasFree(set))
            {
                throw EndpointErrors.NotReady($"no free address in {set}", $"network {request.NetworkName}: every address is leased; delete unused pods or widen ipam.ranges");
            }
        }
    }

    private static string WhyNot(IpAddress address, IReadOnlyList<RangeSet> sets) =>
        sets.Any(set => set.Find(address) is not null) ? "the range set that holds it gives one address, and another of it was asked for before"
        : sets.Any(set => set.Ranges.Any(range => range.Gateway == address)) ? "it is the gateway's"
        : "no range set holds it";

    private CniDns? ReadNameServers() =>
        configuration.Ipam.ResolvConf is { Length: > 0 } path ? ResolverFile.Read(path) : null;

    private Lease Choose(RangeSet set) =>
        store.Allocate(attachment, request.Arguments.NetworkNamespace, set)
            ?? throw EndpointErrors.PoolExhausted(request.NetworkName, set);

    private Lease Claim(RangeSet set, IpAddress address)
    {
        var lease = store.Claim(attachment, request.Arguments.NetworkNamespace, set, address)
            ?? throw EndpointErrors.AddressUnavailable(address, "it is leased to another container");
        store.ContinueBehind(set, address);
        return lease;
    }
}
