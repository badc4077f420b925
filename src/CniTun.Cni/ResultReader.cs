namespace CniTun.Cni;

/// <summary>Reads a result that another program wrote, in any version of the specification.</summary>
/// <remarks>
/// 0.1.0 and 0.2.0 have <c>ip4</c> and <c>ip6</c>; 0.3.0 and later have lists. What a version does not know is not there.
/// </remarks>
public static class ResultReader
{
    /// <exception cref="CniException">Code 6: not a result.</exception>
    public static CniResult Read(ref JsonCursor json)
    {
        IReadOnlyList<CniInterface>? interfaces = null;
        var ips = new List<CniAddress>();
        var routes = new List<CniRoute>();
        CniDns? dns = null;
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "interfaces":
                    interfaces = json.Array(ReadInterface);
                    break;
                case "ips":
                    ips.AddRange(json.Array(ReadIp) ?? []);
                    break;
                case "routes":
                    routes.AddRange(json.Array(ReadRoute) ?? []);
                    break;
                case "ip4" or "ip6" when !json.IsNull:
                    ReadFamily(ref json, ips, routes);
                    break;
                case "dns" when !json.IsNull:
                    dns = ReadDns(ref json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return new CniResult { Interfaces = interfaces ?? [], Ips = ips, Routes = routes, Dns = dns };
    }

    /// <summary>Reads an element of <c>routes</c>, in a result or a configuration.</summary>
    public static CniRoute ReadRoute(ref JsonCursor json)
    {
        var route = new CniRoute();
        var hasDestination = false;
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "dst":
                    route.Destination = json.RequiredCidr();
                    hasDestination = true;
                    break;
                case "gw":
                    route.Gateway = json.OptionalAddress();
                    break;
                case "mtu":
                    route.Mtu = json.OptionalNumber();
                    break;
                case "advmss":
                    route.AdvertisedMss = json.OptionalNumber();
                    break;
                case "priority":
                    route.Priority = json.OptionalNumber();
                    break;
                case "table":
                    route.Table = json.OptionalNumber();
                    break;
                case "scope":
                    route.Scope = json.OptionalNumber(most: byte.MaxValue);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return !hasDestination ? throw json.Wrong("is a route without dst")
            : route.Gateway is { } gateway && gateway.IsIPv6 != route.Destination.Address.IsIPv6 ? throw json.Wrong("is a route with a gateway of the other family")
            : route;
    }

    /// <summary>Reads the section <c>dns</c>.</summary>
    public static CniDns ReadDns(ref JsonCursor json)
    {
        var dns = new CniDns();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "nameservers":
                    dns.Nameservers = json.Texts() ?? [];
                    break;
                case "domain":
                    dns.Domain = json.OptionalText();
                    break;
                case "search":
                    dns.Search = json.Texts() ?? [];
                    break;
                case "options":
                    dns.Options = json.Texts() ?? [];
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return dns;
    }

    private static CniInterface ReadInterface(ref JsonCursor json)
    {
        var link = new CniInterface();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "name":
                    link.Name = json.RequiredText();
                    break;
                case "mac":
                    link.Mac = json.OptionalText();
                    break;
                case "mtu":
                    link.Mtu = json.OptionalNumber();
                    break;
                case "sandbox":
                    link.Sandbox = json.OptionalText();
                    break;
                case "socketPath":
                    link.SocketPath = json.OptionalText();
                    break;
                case "pciID":
                    link.PciId = json.OptionalText();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return link.Name.Length > 0 ? link : throw json.Wrong("is an interface without name");
    }

    private static CniAddress ReadIp(ref JsonCursor json)
    {
        var ip = new CniAddress();
        var hasAddress = false;
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "interface":
                    ip.Interface = json.OptionalNumber(least: -1);
                    break;
                case "address":
                    ip.Address = json.RequiredCidr();
                    hasAddress = true;
                    break;
                case "gateway":
                    ip.Gateway = json.OptionalAddress();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return hasAddress ? ip : throw json.Wrong("has no address");
    }

    /// <summary>Reads <c>ip4</c> or <c>ip6</c> of the first two versions.</summary>
    private static void ReadFamily(ref JsonCursor json, List<CniAddress> ips, List<CniRoute> routes)
    {
        var ip = new CniAddress();
        var hasAddress = false;
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "ip":
                    ip.Address = json.RequiredCidr();
                    hasAddress = true;
                    break;
                case "gateway":
                    ip.Gateway = json.OptionalAddress();
                    break;
                case "routes":
                    routes.AddRange(json.Array(ReadRoute) ?? []);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        ips.Add(hasAddress ? ip : throw json.Wrong("has no ip"));
    }
}
