using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Configuration;

namespace CniTun.Endpoint;

/// <summary>Which gateways and routes a container gets from what IPAM gave.</summary>
internal static class RoutePlan
{
    private const int LinkScope = 253;
    private static readonly Cidr DefaultIPv4 = Cidr.Parse("0.0.0.0/0");
    private static readonly Cidr DefaultIPv6 = Cidr.Parse("::/0");

    /// <summary>Gives every address a gateway if the bridge is one: where IPAM names none, the first address of the subnet.</summary>
    public static IReadOnlyList<CniAddress> ResolveGateways(NetworkSettings settings, IReadOnlyList<CniAddress> ips, int interfaceIndex) =>
        [.. ips.Select(ip => new CniAddress
        {
            Interface = interfaceIndex,
            Address = ip.Address,
            Gateway = ip.Gateway ?? (settings.IsGateway && ip.Address.PrefixLength < ip.Address.Address.Bits ? ip.Address.First.Add(1) : null),
        })];

    /// <summary>Gives every route a gateway: its own, or that of the first address of its family; and adds the default routes if the bridge is the default gateway.</summary>
    /// <exception cref="CniException">Code 7: a route of a family in which the container has no gateway.</exception>
    public static IReadOnlyList<CniRoute> ResolveRoutes(NetworkSettings settings, IReadOnlyList<CniRoute> routes, IReadOnlyList<CniAddress> ips)
    {
        var resolved = routes
            .Select(route => route.Gateway is null && route.Scope is not LinkScope ? route.Via(GatewayFor(route.Destination, ips)) : route)
            .ToList();
        if (settings.IsDefaultGateway)
        {
            foreach (var ip in ips)
            {
                var everywhere = ip.Address.Address.IsIPv6 ? DefaultIPv6 : DefaultIPv4;
                if (ip.Gateway is { } gateway && !resolved.Any(route => route.Destination == everywhere))
                {
                    resolved.Add(new CniRoute { Destination = everywhere, Gateway = gateway });
                }
            }
        }

        return resolved;
    }

    private static IpAddress GatewayFor(Cidr destination, IReadOnlyList<CniAddress> ips) =>
        ips.FirstOrDefault(ip => ip.Gateway is { } gateway && gateway.IsIPv6 == destination.Address.IsIPv6)?.Gateway
            ?? throw EndpointErrors.NoGateway(destination.ToString());
}
