using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;

namespace CniTun.Endpoint;

/// <summary>Which routes a container gets: those of the configuration, and the default routes if the bridge is the default gateway.</summary>
internal static class RoutePlan
{
    private const int LinkScope = 253;
    private static readonly Cidr DefaultIPv4 = Cidr.Parse("0.0.0.0/0");
    private static readonly Cidr DefaultIPv6 = Cidr.Parse("::/0");

    /// <summary>Resolves every route to one with a gateway; a route without one goes by the gateway of its family.</summary>
    /// <exception cref="CniException">Code 7: a route of a family in which the container has no address.</exception>
    public static CniRoute[] Resolve(NetworkSettings settings, IReadOnlyList<Lease> leases)
    {
        var routes = settings.Routes
            .Select(route => route.Gateway is null && route.Scope is not LinkScope
                ? route.Via(GatewayFor(route.Destination, leases))
                : route)
            .ToList();
        if (settings.IsDefaultGateway)
        {
            foreach (var lease in leases)
            {
                var everywhere = lease.Gateway.IsIPv6 ? DefaultIPv6 : DefaultIPv4;
                if (!routes.Any(route => route.Destination == everywhere))
                {
                    routes.Add(new CniRoute { Destination = everywhere, Gateway = lease.Gateway });
                }
            }
        }

        return [.. routes];
    }

    private static IpAddress GatewayFor(Cidr destination, IReadOnlyList<Lease> leases) =>
        leases.FirstOrDefault(lease => lease.Gateway.IsIPv6 == destination.Address.IsIPv6)?.Gateway
            ?? throw EndpointErrors.NoGateway(destination.ToString());
}
