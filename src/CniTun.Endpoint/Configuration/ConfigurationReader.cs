using CniTun.Cni;

namespace CniTun.Endpoint.Configuration;

/// <summary>Reads the plugin's configuration. Keys that are not ours are passed over: they belong to other plugins or to the runtime.</summary>
internal static class ConfigurationReader
{
    /// <param name="input">A JSON object.</param>
    /// <exception cref="CniException">Code 6: not JSON, or a value of the wrong form, which the message names.</exception>
    public static NetworkConfiguration Read(ReadOnlySpan<byte> input)
    {
        var json = new JsonCursor(input, "the network configuration");
        var configuration = new NetworkConfiguration();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            if (!ReadBridgeKey(ref json, key, configuration))
            {
                ReadProtocolKey(ref json, key, configuration);
            }
        }

        return configuration;
    }

    /// <summary>Reads the keys of the bridge plugin.</summary>
    /// <returns>False if the key is none of them.</returns>
    private static bool ReadBridgeKey(ref JsonCursor json, string key, NetworkConfiguration configuration)
    {
        switch (key)
        {
            case "bridge":
                configuration.Bridge = json.OptionalText();
                return true;
            case "isGateway":
                configuration.IsGateway = json.Flag();
                return true;
            case "isDefaultGateway":
                configuration.IsDefaultGateway = json.Flag();
                return true;
            case "forceAddress":
                configuration.ForceAddress = json.Flag();
                return true;
            case "ipMasq":
                configuration.IpMasq = json.Flag();
                return true;
            case "ipMasqBackend":
                configuration.IpMasqBackend = json.OptionalText();
                return true;
            case "mtu":
                configuration.Mtu = json.OptionalNumber(int.MinValue) ?? 0;
                return true;
            case "hairpinMode":
                configuration.HairpinMode = json.Flag();
                return true;
            case "promiscMode":
                configuration.PromiscMode = json.Flag();
                return true;
            case "vlan":
                configuration.Vlan = json.OptionalNumber(int.MinValue) ?? 0;
                return true;
            case "vlanTrunk":
                configuration.VlanTrunk = json.Array(ReadVlanRange) ?? [];
                return true;
            case "preserveDefaultVlan":
                configuration.PreserveDefaultVlan = json.IsNull || json.Flag();
                return true;
            case "macspoofchk":
                configuration.MacSpoofCheck = json.Flag();
                return true;
            case "enabledad":
                configuration.EnableDad = json.Flag();
                return true;
            case "disableContainerInterface":
                configuration.DisableContainerInterface = json.Flag();
                return true;
            case "portIsolation":
                configuration.PortIsolation = json.Flag();
                return true;
            default:
                return false;
        }
    }

    private static void ReadProtocolKey(ref JsonCursor json, string key, NetworkConfiguration configuration)
    {
        switch (key)
        {
            case "dataDir":
                configuration.DataDir = json.OptionalText();
                break;
            case "logFile":
                configuration.LogFile = json.OptionalText();
                break;
            case "ipam" when !json.IsNull:
                configuration.Ipam = ReadIpam(ref json);
                break;
            case "dns" when !json.IsNull:
                configuration.Dns = ResultReader.ReadDns(ref json);
                break;
            case "prevResult" when !json.IsNull:
                configuration.PrevResult = ResultReader.Read(ref json);
                break;
            case "runtimeConfig" when !json.IsNull:
                configuration.RuntimeConfig = ReadRequested(ref json);
                break;
            case "args" when !json.IsNull:
                ReadArgs(ref json, configuration);
                break;
            case "cni.dev/valid-attachments":
                // Go's encoder writes an empty list so.
                configuration.ValidAttachments = json.Array(ReadValidAttachment) ?? [];
                break;
            default:
                json.Skip();
                break;
        }
    }

    private static IpamConfiguration ReadIpam(ref JsonCursor json)
    {
        var ipam = new IpamConfiguration();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "type":
                    ipam.Type = json.OptionalText() ?? string.Empty;
                    break;
                case "ranges":
                    ipam.Ranges = json.Array(ReadRangeSet) ?? [];
                    break;
                case "routes":
                    ipam.Routes = json.Array(ResultReader.ReadRoute) ?? [];
                    break;
                case "dataDir":
                    ipam.DataDir = json.OptionalText();
                    break;
                case "resolvConf":
                    ipam.ResolvConf = json.OptionalText();
                    break;
                case "importDir":
                    ipam.ImportDir = json.OptionalText();
                    break;
                default:
                    ReadRangeKey(ref json, key, ipam.Range);
                    break;
            }
        }

        return ipam;
    }

    private static IReadOnlyList<RangeConfiguration> ReadRangeSet(ref JsonCursor json) => json.Array(ReadRange) ?? [];

    private static RangeConfiguration ReadRange(ref JsonCursor json)
    {
        var range = new RangeConfiguration();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            ReadRangeKey(ref json, key, range);
        }

        return range;
    }

    private static void ReadRangeKey(ref JsonCursor json, string key, RangeConfiguration range)
    {
        switch (key)
        {
            case "subnet":
                range.Subnet = json.OptionalCidr();
                break;
            case "rangeStart":
                range.RangeStart = json.OptionalAddress();
                break;
            case "rangeEnd":
                range.RangeEnd = json.OptionalAddress();
                break;
            case "gateway":
                range.Gateway = json.OptionalAddress();
                break;
            default:
                json.Skip();
                break;
        }
    }

    private static RequestedAddresses ReadRequested(ref JsonCursor json)
    {
        var requested = new RequestedAddresses();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "mac":
                    requested.Mac = json.OptionalText();
                    break;
                case "ips":
                    requested.Ips = json.Texts() ?? [];
                    break;
                case "ipRanges":
                    requested.IpRanges = json.Array(ReadRangeSet) ?? [];
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return requested;
    }

    private static void ReadArgs(ref JsonCursor json, NetworkConfiguration configuration)
    {
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            if (key is "cni" && !json.IsNull)
            {
                configuration.Args = ReadRequested(ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private static VlanRange ReadVlanRange(ref JsonCursor json)
    {
        var range = new VlanRange();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "id":
                    range.Id = json.OptionalNumber();
                    break;
                case "minID":
                    range.MinimumId = json.OptionalNumber();
                    break;
                case "maxID":
                    range.MaximumId = json.OptionalNumber();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return range;
    }

    private static ValidAttachment ReadValidAttachment(ref JsonCursor json)
    {
        var attachment = new ValidAttachment();
        json.BeginObject();
        while (json.NextKey(out var key))
        {
            switch (key)
            {
                case "containerID":
                    attachment.ContainerId = json.RequiredText();
                    break;
                case "ifname":
                    attachment.InterfaceName = json.RequiredText();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        // One without an interface would free what it means to keep.
        return attachment.ContainerId.Length > 0 && attachment.InterfaceName.Length > 0 ? attachment : throw json.Wrong("lacks containerID or ifname");
    }
}
