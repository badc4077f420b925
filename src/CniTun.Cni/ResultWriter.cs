using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>Writes a result as a version of the specification has it.</summary>
/// <remarks>
/// 0.1.0 and 0.2.0 have <c>ip4</c> and <c>ip6</c>; 0.3.0 and later have lists, with <c>ips[].version</c> before 1.0.0, and what an interface and a
/// route have beyond their names since 1.1.0.
/// </remarks>
public static class ResultWriter
{
    public static byte[] Write(CniResult result, CniVersion version) => JsonOutput.Write(json =>
    {
        json.WriteString("cniVersion"u8, version.Text());
        if (version < CniVersion.V0_3_0)
        {
            WriteFamily(json, "ip4"u8, result, isIPv6: false);
            WriteFamily(json, "ip6"u8, result, isIPv6: true);
        }
        else
        {
            WriteLists(json, result, version);
        }

        WriteDns(json, result.Dns);
    });

    private static void WriteLists(JsonText json, CniResult result, CniVersion version)
    {
        json.WriteStartArray("interfaces"u8);
        foreach (var link in result.Interfaces)
        {
            WriteInterface(json, link, version);
        }

        json.WriteEndArray();
        json.WriteStartArray("ips"u8);
        foreach (var ip in result.Ips)
        {
            json.WriteStartObject();
            if (version < CniVersion.V1_0_0)
            {
                json.WriteString("version"u8, ip.Address.Address.IsIPv6 ? "6" : "4");
            }

            WriteNumber(json, "interface"u8, ip.Interface);
            json.WriteString("address"u8, ip.Address.ToString());
            WriteText(json, "gateway"u8, ip.Gateway?.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteRoutes(json, result.Routes, withAttributes: version >= CniVersion.V1_1_0);
    }

    private static void WriteInterface(JsonText json, CniInterface link, CniVersion version)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, link.Name);
        WriteText(json, "mac"u8, link.Mac);
        if (version >= CniVersion.V1_1_0)
        {
            WriteNumber(json, "mtu"u8, link.Mtu);
        }

        WriteText(json, "sandbox"u8, link.Sandbox);
        if (version >= CniVersion.V1_1_0)
        {
            WriteText(json, "socketPath"u8, link.SocketPath);
            WriteText(json, "pciID"u8, link.PciId);
        }

        json.WriteEndObject();
    }

    private static void WriteFamily(JsonText json, ReadOnlySpan<byte> key, CniResult result, bool isIPv6)
    {
        if (result.Ips.FirstOrDefault(ip => ip.Address.Address.IsIPv6 == isIPv6) is not { } ip)
        {
            return;
        }

        json.WriteStartObject(key);
        json.WriteString("ip"u8, ip.Address.ToString());
        WriteText(json, "gateway"u8, ip.Gateway?.ToString());
        WriteRoutes(json, [.. result.Routes.Where(route => route.Destination.Address.IsIPv6 == isIPv6)], withAttributes: false);
        json.WriteEndObject();
    }

    private static void WriteRoutes(JsonText json, IReadOnlyList<CniRoute> routes, bool withAttributes)
    {
        json.WriteStartArray("routes"u8);
        foreach (var route in routes)
        {
            json.WriteStartObject();
            json.WriteString("dst"u8, route.Destination.ToString());
            WriteText(json, "gw"u8, route.Gateway?.ToString());
            if (withAttributes)
            {
                WriteNumber(json, "mtu"u8, route.Mtu);
                WriteNumber(json, "advmss"u8, route.AdvertisedMss);
                WriteNumber(json, "priority"u8, route.Priority);
                WriteNumber(json, "table"u8, route.Table);
                WriteNumber(json, "scope"u8, route.Scope);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteDns(JsonText json, CniDns? dns)
    {
        json.WriteStartObject("dns"u8);
        if (dns is not null)
        {
            WriteTexts(json, "nameservers"u8, dns.Nameservers);
            WriteText(json, "domain"u8, dns.Domain);
            WriteTexts(json, "search"u8, dns.Search);
            WriteTexts(json, "options"u8, dns.Options);
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(JsonText json, ReadOnlySpan<byte> key, IReadOnlyList<string>? values)
    {
        if (values is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartArray(key);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteText(JsonText json, ReadOnlySpan<byte> key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(key, value);
        }
    }

    private static void WriteNumber(JsonText json, ReadOnlySpan<byte> key, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(key, number);
        }
    }
}
