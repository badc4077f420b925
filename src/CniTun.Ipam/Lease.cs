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
        string? address = null;
        string? gateway = null;
        string? containerId = null;
        string? interfaceName = null;
        string? networkNamespace = null;
        try
        {
            var json = new JsonCursor(content, "the lease");
            json.BeginObject();
            while (json.NextKey())
            {
                _ = json.Text("address", ref address)
                    || json.Text("gateway", ref gateway)
                    || json.Text("containerId", ref containerId)
                    || json.Text("interfaceName", ref interfaceName)
                    || json.Text("networkNamespace", ref networkNamespace);
            }
        }
        catch (JsonFormException)
        {
            return null;
        }

        return Cidr.TryParse(address, out var leased)
            && IpAddress.TryParse(gateway, out var wayOut)
            && containerId is { Length: > 0 }
            && interfaceName is { Length: > 0 }
                ? new Lease(leased, wayOut, new Attachment(containerId, interfaceName), networkNamespace ?? string.Empty)
                : null;
    }
}
