using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>Reads a result that another program wrote, in any version of the specification.</summary>
/// <remarks>
/// 0.1.0 and 0.2.0 have <c>ip4</c> and <c>ip6</c>; 0.3.0 and later have lists. What a version does not know is not there.
/// </remarks>
public static class ResultReader
{
    /// <exception cref="JsonFormException">Not a result.</exception>
    public static CniResult Read(ref JsonCursor json)
    {
        IReadOnlyList<CniInterface>? interfaces = null;
        IReadOnlyList<CniAddress>? ips = null;
        IReadOnlyList<CniRoute>? routes = null;
        CniDns? dns = null;
        CniAddress? ip4 = null;
        CniAddress? ip6 = null;
        var familyRoutes = new List<CniRoute>();
        json.BeginObject();
        while (json.NextKey())
        {
            if (json.Array("interfaces", ref interfaces, ReadInterface)
                || json.Array("ips", ref ips, ReadIp)
                || json.Array("routes", ref routes, ReadRoute))
            {
                continue;
            }

            if (json.Has("ip4"))
            {
                ip4 = ReadFamily(ref json, familyRoutes);
            }
            else if (json.Has("ip6"))
            {
                ip6 = ReadFamily(ref json, familyRoutes);
            }
            else if (json.Has("dns"))
            {
                dns = ReadDns(ref json, dns);
            }
        }

        return new CniResult
        {
            Interfaces = interfaces ?? [],
            Ips = [.. ips ?? [], .. new[] { ip4, ip6 }.OfType<CniAddress>()],
            Routes = [.. routes ?? [], .. familyRoutes],
            Dns = dns,
        };
    }

    /// <summary>Reads an element of <c>routes</c>, in a result or a configuration.</summary>
    public static CniRoute ReadRoute(ref JsonCursor json)
    {
        Cidr? destination = null;
        IpAddress? gateway = null;
        int? mtu = null;
        int? advertisedMss = null;
        int? priority = null;
        int? table = null;
        int? scope = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Prefix("dst", ref destination)
                || json.Address("gw", ref gateway)
                || json.Number("mtu", ref mtu)
                || json.Number("advmss", ref advertisedMss)
                || json.Number("priority", ref priority)
                || json.Number("table", ref table)
                || json.Number("scope", ref scope, most: byte.MaxValue);
        }

        return new CniRoute
        {
            Destination = destination ?? throw json.Wrong("is a route without dst"),
            Gateway = gateway is null || gateway.Value.IsIPv6 == destination.Value.Address.IsIPv6
                ? gateway
                : throw json.Wrong("is a route with a gateway of the other family"),
            Mtu = mtu,
            AdvertisedMss = advertisedMss,
            Priority = priority,
            Table = table,
            Scope = scope,
        };
    }

    /// <summary>Reads the section <c>dns</c>, over what an earlier one said.</summary>
    public static CniDns ReadDns(ref JsonCursor json, CniDns? earlier)
    {
        var nameservers = earlier?.Nameservers;
        var domain = earlier?.Domain;
        var search = earlier?.Search;
        var options = earlier?.Options;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Texts("nameservers", ref nameservers)
                || json.Text("domain", ref domain)
                || json.Texts("search", ref search)
                || json.Texts("options", ref options);
        }

        return new CniDns { Nameservers = nameservers, Domain = domain, Search = search, Options = options };
    }

    private static CniInterface ReadInterface(ref JsonCursor json)
    {
        string? name = null;
        string? mac = null;
        int? mtu = null;
        string? sandbox = null;
        string? socketPath = null;
        string? pciId = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Text("name", ref name)
                || json.Text("mac", ref mac)
                || json.Number("mtu", ref mtu)
                || json.Text("sandbox", ref sandbox)
                || json.Text("socketPath", ref socketPath)
                || json.Text("pciID", ref pciId);
        }

        return string.IsNullOrEmpty(name)
            ? throw json.Wrong("is an interface without name")
            : new CniInterface { Name = name, Mac = mac, Mtu = mtu, Sandbox = sandbox, SocketPath = socketPath, PciId = pciId };
    }

    private static CniAddress ReadIp(ref JsonCursor json)
    {
        int? index = null;
        Cidr? address = null;
        IpAddress? gateway = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Number("interface", ref index, least: -1) || json.Prefix("address", ref address) || json.Address("gateway", ref gateway);
        }

        return new CniAddress { Interface = index, Address = address ?? throw json.Wrong("has no address"), Gateway = gateway };
    }

    /// <summary>Reads <c>ip4</c> or <c>ip6</c> of the first two versions.</summary>
    private static CniAddress ReadFamily(ref JsonCursor json, List<CniRoute> routes)
    {
        Cidr? address = null;
        IpAddress? gateway = null;
        IReadOnlyList<CniRoute>? own = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Prefix("ip", ref address) || json.Address("gateway", ref gateway) || json.Array("routes", ref own, ReadRoute);
        }

        routes.AddRange(own ?? []);
        return new CniAddress { Address = address ?? throw json.Wrong("has no ip"), Gateway = gateway };
    }
}
