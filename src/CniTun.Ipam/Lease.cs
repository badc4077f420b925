using System.Text.Json;
using CniTun.Addresses;

namespace CniTun.Ipam;

/// <summary>One address, given to one attachment until it is released.</summary>
/// <param name="Address">With the prefix length of its subnet.</param>
/// <param name="Gateway">The way out of the subnet.</param>
/// <param name="Attachment">Whose address it is.</param>
/// <param name="NetworkNamespace">The file of the container's namespace: as long as it is there, the container may live.</param>
public sealed record Lease(Cidr Address, IpAddress Gateway, Attachment Attachment, string NetworkNamespace)
{
    /// <summary>Writes a line of JSON.</summary>
    internal byte[] ToFile()
    {
        var json = new JsonText();
        json.WriteStartObject();
        json.WriteString("address"u8, Address.ToString());
        json.WriteString("gateway"u8, Gateway.ToString());
        json.WriteString("containerId"u8, Attachment.ContainerId);
        json.WriteString("interfaceName"u8, Attachment.InterfaceName);
        json.WriteString("networkNamespace"u8, NetworkNamespace);
        json.WriteEndObject();
        return [.. json.ToArray(), (byte)'\n'];
    }

    /// <summary>Reads a lease file; null if it is damaged.</summary>
    internal static Lease? FromFile(ReadOnlySpan<byte> content)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var json = new Utf8JsonReader(content);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var key = json.GetString()!;
                json.Read();
                texts[key] = json.GetString() ?? string.Empty;
            }
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException)
        {
            return null;
        }

        return Cidr.TryParse(texts.GetValueOrDefault("address"), out var address)
            && IpAddress.TryParse(texts.GetValueOrDefault("gateway"), out var gateway)
            && texts.GetValueOrDefault("containerId") is { Length: > 0 } containerId
            && texts.GetValueOrDefault("interfaceName") is { Length: > 0 } interfaceName
                ? new Lease(address, gateway, new Attachment(containerId, interfaceName), texts.GetValueOrDefault("networkNamespace") ?? string.Empty)
                : null;
    }
}
