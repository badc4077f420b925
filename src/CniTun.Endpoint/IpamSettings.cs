using CniTun.Cni;
using CniTun.Ipam;

namespace CniTun.Endpoint;

/// <summary>Turns the <c>ipam</c> section as it is written into ranges and routes, checked.</summary>
internal static class IpamSettings
{
    private const string BuiltIn = "cnitun";

    /// <exception cref="CniException">Code 7, with the key that is wrong.</exception>
    public static IReadOnlyList<RangeSet> ReadRangeSets(IpamConfiguration? ipam)
    {
        if (ipam?.Type is null or "")
        {
            return [];
        }

        if (!string.Equals(ipam.Type, BuiltIn, StringComparison.Ordinal))
        {
            throw new CniException(
                CniErrorCode.UnsupportedField,
                $"ipam.type: {ipam.Type} is not supported",
                $"use the built-in \"{BuiltIn}\", which reads host-local's keys");
        }

        var sets = new List<RangeSet>();
        if (ipam.Subnet is not null)
        {
            var range = new RangeConfiguration
            {
                Subnet = ipam.Subnet,
                RangeStart = ipam.RangeStart,
                RangeEnd = ipam.RangeEnd,
                Gateway = ipam.Gateway,
            };
            sets.Add(ReadSet([range], "ipam"));
        }

        for (var i = 0; i < (ipam.Ranges?.Length ?? 0); i++)
        {
            sets.Add(ReadSet(ipam.Ranges![i] ?? [], $"ipam.ranges[{i}]"));
        }

        return sets.Count > 0 ? sets : throw Invalid("ipam has no ranges", "add \"ranges\": [[{\"subnet\": \"10.1.0.0/24\"}]]");
    }

    /// <exception cref="CniException">Code 7.</exception>
    public static IReadOnlyList<CniRoute> ReadRoutes(IpamConfiguration? ipam) => [.. (ipam?.Routes ?? []).Select(CheckedRoute)];

    private static CniRoute CheckedRoute(CniRoute? route) => route switch
    {
        null => throw Invalid("ipam.routes holds null", "remove it"),
        { Mtu: < 0 } or { AdvertisedMss: < 0 } or { Priority: < 0 } or { Table: < 0 } or { Scope: < 0 or > byte.MaxValue } =>
            throw Invalid($"the route to {route.Destination} has a number out of range", "mtu, advmss, priority and table are not negative, scope is 0 to 255"),
        { Gateway: { } gateway } when gateway.IsIPv6 != route.Destination.Address.IsIPv6 =>
            throw Invalid($"the route to {route.Destination} has a gateway of the other family, {gateway}", "give it one of its own"),
        _ => route,
    };

    private static RangeSet ReadSet(IReadOnlyList<RangeConfiguration?> ranges, string key)
    {
        try
        {
            return RangeSet.Create([.. ranges.Select(ReadRange)]);
        }
        catch (ArgumentException wrong)
        {
            // The framework puts the parameter's name behind our words.
            throw Invalid($"{key}: {wrong.Message.Split(" (Parameter", 2)[0]}", "correct the range", wrong);
        }
    }

    private static AddressRange ReadRange(RangeConfiguration? range) =>
        range?.Subnet is { } subnet
            ? AddressRange.Create(subnet, range.RangeStart, range.RangeEnd, range.Gateway)
            : throw new ArgumentException("a range has no subnet", nameof(range));

    private static CniException Invalid(string message, string details, Exception? cause = null) =>
        new(CniErrorCode.InvalidNetworkConfig, message, details, cause);
}
