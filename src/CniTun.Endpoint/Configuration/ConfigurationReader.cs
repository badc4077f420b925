using CniTun.Addresses;
using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>Reads the plugin's configuration. Keys that are not ours are passed over: they belong to other plugins or to the runtime.</summary>
internal static class ConfigurationReader
{
    /// <param name="input">A JSON object.</param>
    /// <exception cref="JsonFormException">Not JSON, or a value of the wrong form, which the message names.</exception>
    public static NetworkConfiguration Read(ReadOnlySpan<byte> input)
    {
        var json = new JsonCursor(input, "the network configuration");
        var configuration = new NetworkConfiguration();
        json.BeginObject();
        while (json.NextKey())
        {
            if (!ReadBridgeKey(ref json, configuration))
            {
                ReadProtocolKey(ref json, configuration);
            }
        }

        return configuration;
    }

    /// <summary>Reads the keys of the bridge plugin.</summary>
    /// <returns>False if the key is none of them.</returns>
    private static bool ReadBridgeKey(ref JsonCursor json, NetworkConfiguration configuration) =>
        json.Text("bridge", ref configuration.Bridge)
        || json.Flag("isGateway", ref configuration.IsGateway)
        || json.Flag("isDefaultGateway", ref configuration.IsDefaultGateway)
        || json.Flag("forceAddress", ref configuration.ForceAddress)
        || json.Flag("ipMasq", ref configuration.IpMasq)
        || json.Text("ipMasqBackend", ref configuration.IpMasqBackend)
        || json.Number("mtu", ref configuration.Mtu, int.MinValue)
        || json.Flag("hairpinMode", ref configuration.HairpinMode)
        || json.Flag("promiscMode", ref configuration.PromiscMode)
        || json.Number("vlan", ref configuration.Vlan, int.MinValue)
        || json.Array("vlanTrunk", ref configuration.VlanTrunk, ReadVlanRange)
        || json.Flag("preserveDefaultVlan", ref configuration.PreserveDefaultVlan)
        || json.Flag("macspoofchk", ref configuration.MacSpoofCheck)
        || json.Flag("enabledad", ref configuration.EnableDad)
        || json.Flag("disableContainerInterface", ref configuration.DisableContainerInterface)
        || json.Flag("portIsolation", ref configuration.PortIsolation);

    private static void ReadProtocolKey(ref JsonCursor json, NetworkConfiguration configuration)
    {
        if (json.Text("dataDir", ref configuration.DataDir) || json.Text("logFile", ref configuration.LogFile))
        {
            return;
        }

        if (json.Has("ipam"))
        {
            ReadIpam(ref json, configuration.Ipam);
        }
        else if (json.Has("dns"))
        {
            configuration.Dns = ResultReader.ReadDns(ref json, configuration.Dns);
        }
        else if (json.Has("prevResult"))
        {
            configuration.PrevResult = ResultReader.Read(ref json);
        }
        else if (json.Has("runtimeConfig"))
        {
            ReadRequested(ref json, configuration.RuntimeConfig);
        }
        else if (json.Has("args"))
        {
            ReadArgs(ref json, configuration.Args);
        }
        else if (json.Is("cni.dev/valid-attachments"))
        {
            // Null is an empty list as the libraries of some runtimes write it.
            configuration.ValidAttachments = json.Elements(ReadValidAttachment) ?? [];
        }
    }

    private static void ReadIpam(ref JsonCursor json, IpamConfiguration ipam)
    {
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Text("type", ref ipam.Type)
                || json.Array("ranges", ref ipam.Ranges, ReadRangeSet)
                || json.Array("routes", ref ipam.Routes, ResultReader.ReadRoute)
                || json.Text("dataDir", ref ipam.DataDir)
                || json.Text("resolvConf", ref ipam.ResolvConf)
                || json.Text("importDir", ref ipam.ImportDir)
                || ReadRangeKey(ref json, ipam.Range);
        }
    }

    private static IReadOnlyList<RangeConfiguration> ReadRangeSet(ref JsonCursor json) => json.Elements(ReadRange) ?? [];

    private static RangeConfiguration ReadRange(ref JsonCursor json)
    {
        var range = new RangeConfiguration();
        json.BeginObject();
        while (json.NextKey())
        {
            ReadRangeKey(ref json, range);
        }

        return range;
    }

    private static bool ReadRangeKey(ref JsonCursor json, RangeConfiguration range) =>
        json.Prefix("subnet", ref range.Subnet)
        || json.Address("rangeStart", ref range.RangeStart)
        || json.Address("rangeEnd", ref range.RangeEnd)
        || json.Address("gateway", ref range.Gateway);

    private static void ReadRequested(ref JsonCursor json, RequestedAddresses requested)
    {
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Text("mac", ref requested.Mac)
                || json.Texts("ips", ref requested.Ips)
                || json.Array("ipRanges", ref requested.IpRanges, ReadRangeSet);
        }
    }

    private static void ReadArgs(ref JsonCursor json, RequestedAddresses requested)
    {
        json.BeginObject();
        while (json.NextKey())
        {
            if (json.Has("cni"))
            {
                ReadRequested(ref json, requested);
            }
        }
    }

    private static VlanRange ReadVlanRange(ref JsonCursor json)
    {
        var range = new VlanRange();
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Number("id", ref range.Id) || json.Number("minID", ref range.MinimumId) || json.Number("maxID", ref range.MaximumId);
        }

        return range;
    }

    private static ValidAttachment ReadValidAttachment(ref JsonCursor json)
    {
        string? containerId = null;
        string? interfaceName = null;
        json.BeginObject();
        while (json.NextKey())
        {
            _ = json.Text("containerID", ref containerId) || json.Text("ifname", ref interfaceName);
        }

        // One without an interface would free what it means to keep.
        return containerId is { Length: > 0 } && interfaceName is { Length: > 0 }
            ? new ValidAttachment(containerId, interfaceName)
            : throw json.Wrong("lacks containerID or ifname");
    }
}
