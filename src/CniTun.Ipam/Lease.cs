using System.Text.Json;
using System.Text.Json.Serialization;
using CniTun.Addresses;

namespace CniTun.Ipam;

/// <summary>One address, given to one attachment until it is released.</summary>
/// <param name="Address">With the prefix length of its subnet.</param>
/// <param name="Gateway">The way out of the subnet.</param>
/// <param name="Attachment">Whose address it is.</param>
/// <param name="NetworkNamespace">The file of the container's namespace: as long as it is there, the container may live.</param>
public sealed record Lease(Cidr Address, IpAddress Gateway, Attachment Attachment, string NetworkNamespace)
{
    internal byte[] ToFile() => JsonSerializer.SerializeToUtf8Bytes(
        new LeaseFile(
            Address.ToString(),
            Gateway.ToString(),
            Attachment.ContainerId,
            Attachment.InterfaceName,
            NetworkNamespace),
        LeaseJson.Default.LeaseFile);

    /// <summary>Reads a lease file; null if it is damaged.</summary>
    internal static Lease? FromFile(ReadOnlySpan<byte> content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, LeaseJson.Default.LeaseFile) is { } file
                && Cidr.TryParse(file.Address, out var address)
                && IpAddress.TryParse(file.Gateway, out var gateway)
                && file is { ContainerId: { } containerId, InterfaceName: { } interfaceName }
                    ? new Lease(address, gateway, new Attachment(containerId, interfaceName), file.NetworkNamespace ?? string.Empty)
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A lease as <c>cat</c> shows it.</summary>
internal sealed record LeaseFile(string? Address, string? Gateway, string? ContainerId, string? InterfaceName, string? NetworkNamespace);

/// <summary>How lease files are read and written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LeaseFile))]
internal sealed partial class LeaseJson : JsonSerializerContext;
