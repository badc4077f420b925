using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;

namespace CniTun.Endpoint.Configuration;

/// <summary>Turns the <c>ipam</c> section and what the runtime adds to it into range sets and requests, checked.</summary>
internal static class RangeReader
{
    /// <summary>Reads the range sets in host-local's order: what the runtime gives, the short form, <c>ranges</c>.</summary>
    /// <exception cref="CniException">Code 7, with the key that is wrong.</exception>
    public static IReadOnlyList<RangeSet> ReadSets(CniRequest request, NetworkConfiguration configuration)
    {
        var ipam = configuration.Ipam;
        var sets = new List<RangeSet>();
        ReadSets(configuration.RuntimeConfig.IpRanges, "runtimeConfig.ipRanges", sets);
        if (ipam.Range.Subnet is not null)
        {
            sets.Add(ReadSet([ipam.Range], "ipam"));
        }

        ReadSets(ipam.Ranges, "ipam.ranges", sets);
        if (sets.Count == 0)
        {
            throw Invalid("ipam has no ranges", "add \"ranges\": [[{\"subnet\": \"10.1.0.0/24\"}]]");
        }

        CheckApart(sets);
        NetworkSettings.CheckAddresses(request, configuration, [.. sets.Select(set => set.IsIPv6)]);
        return sets;
    }

    /// <summary>Reads which addresses are asked for: by the runtime, else by the configuration, else in CNI_ARGS. A prefix length is passed over.</summary>
    /// <exception cref="CniException">Code 7.</exception>
    public static IReadOnlyList<IpAddress> ReadRequested(CniArguments arguments, NetworkConfiguration configuration)
    {
        arguments.Extra.TryGetValue("IP", out var fromArguments);
        var texts = configuration.RuntimeConfig.Ips is { Count: > 0 } byRuntime ? byRuntime
            : configuration.Args.Ips is { Count: > 0 } byConfiguration ? byConfiguration
            : fromArguments?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return [.. texts.Select(ReadRequested).Distinct()];
    }

    /// <summary>An attachment gets an address of each set: of two that share some, it would some day be given one twice.</summary>
    private static void CheckApart(List<RangeSet> sets)
    {
        for (var i = 0; i < sets.Count; i++)
        {
            foreach (var other in sets.Take(i))
            {
                if (other.Ranges.Any(range => sets[i].Ranges.Any(range.Overlaps)))
                {
                    throw Invalid($"ipam: range sets {other} and {sets[i]} overlap", "each set gives the container one address: take ranges apart, or put them into one set");
                }
            }
        }
    }

    private static IpAddress ReadRequested(string text) =>
        Cidr.TryParse(text, out var cidr) ? cidr.Address
        : IpAddress.TryParse(text, out var address) ? address
        : throw Invalid($"requested address '{text}' is not an IP address", "correct it where it is asked for: runtimeConfig.ips, args.cni.ips or CNI_ARGS");

    private static void ReadSets(IReadOnlyList<IReadOnlyList<RangeConfiguration>>? written, string key, List<RangeSet> sets)
    {
        for (var i = 0; i < written?.Count; i++)
        {
            sets.Add(ReadSet(written[i], $"{key}[{i}]"));
        }
    }

    private static RangeSet ReadSet(IReadOnlyList<RangeConfiguration> ranges, string key)
    {
        try
        {
            return RangeSet.Create([.. ranges.Select(ReadRange)]);
        }
        catch (RangeException wrong)
        {
            throw Invalid($"{key}: {wrong.Message}", "correct the range", wrong);
        }
    }

    private static AddressRange ReadRange(RangeConfiguration range) =>
        range.Subnet is { } subnet
            ? AddressRange.Create(subnet, range.RangeStart, range.RangeEnd, range.Gateway)
            : throw new RangeException("a range has no subnet");

    private static CniException Invalid(string message, string details, Exception? cause = null) =>
        new(CniErrorCode.InvalidNetworkConfig, message, details, cause);
}
