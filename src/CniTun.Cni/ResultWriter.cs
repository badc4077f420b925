using System.Text.Json;
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
            WriteFamily(json, "ip4", result, isIPv6: false);
            WriteFamily(json, "ip6", result, isIPv6: true);
        }
        else
        {
            WriteLists(json, result, version);
        }

        WriteDns(json, result.Dns);
    });

    private static void WriteLists(Utf8JsonWriter json, CniResult result, CniVersion version)
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
                json.WriteString("version"u8, ip.Address.Address.IsIPv6 ? "6"u8 : "4"u8);
            }

            WriteNumber(json, "interface", ip.Interface);
            json.WriteString("address"u8, ip.Address.ToString());
            WriteText(json, "gateway", ip.Gateway?.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteRoutes(json, result.Routes, withAttributes: version >= CniVersion.V1_1_0);
    }

    private static void WriteInterface(Utf8JsonWriter json, CniInterface link, CniVersion version)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, link.Name);
        WriteText(json, "mac", link.Mac);
        if (version >= CniVersion.V1_1_0)
        {
            WriteNumber(json, "mtu", link.Mtu);
        }

        WriteText(json, "sandbox", link.Sandbox);
        if (version >= CniVersion.V1_1_0)
        {
            WriteText(json, "socketPath", link.SocketPath);
            WriteText(json, "pciID", link.PciId);
        }

        json.WriteEndObject();
    }

    private static void WriteFamily(Utf8JsonWriter json, string key, CniResult result, bool isIPv6)
    {
        if (result.Ips.FirstOrDefault(ip => ip.Address.Address.IsIPv6 == isIPv6) is not { } ip)
        {
            return;
        }

        json.WriteStartObject(key);
        json.WriteString("ip"u8, ip.Address.ToString());
        WriteText(json, "gateway", ip.Gateway?.ToString());
        WriteRoutes(json, [.. result.Routes.Where(route => route.Destination.Address.IsIPv6 == isIPv6)], withAttributes: false);
        json.WriteEndObject();
    }

    private static void WriteRoutes(Utf8JsonWriter json, IReadOnlyList<CniRoute> routes, bool withAttributes)
    {
        json.WriteStartArray("routes"u8);
        foreach (var route in routes)
        {
            json.WriteStartObject();
            json.WriteString("dst"u8, route.Destination.ToString());
            WriteText(json, "gw", route.Gateway?.ToString());
            if (withAttributes)
            {
                WriteNumber(json, "mtu", route.Mtu);
                WriteNumber(json, "advmss", route.AdvertisedMss);
                WriteNumber(json, "priority", route.Priority);
                WriteNumber(json, "table", route.Table);
                WriteNumber(json, "scope", route.Scope);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteDns(Utf8JsonWriter json, CniDns? dns)
    {
        json.WriteStartObject("dns"u8);
        if (dns is not null)
        {
            WriteTexts(json, "nameservers", dns.Nameservers);
            WriteText(json, "domain", dns.Domain);
            WriteTexts(json, "search", dns.Search);
            WriteTexts(json, "options", dns.Options);
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string key, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
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

    private static void WriteText(Utf8JsonWriter json, string key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(key, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, string key, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(key, number);
        }
    }
}
