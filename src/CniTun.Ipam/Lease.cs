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
    /// <summary>Writes a line of JSON.</summary>
    internal byte[] ToFile()
    {
        var file = new LeaseFile
        {
            Address = Address,
            Gateway = Gateway,
            ContainerId = Attachment.ContainerId,
            InterfaceName = Attachment.InterfaceName,
            NetworkNamespace = NetworkNamespace,
        };
        return [.. JsonSerializer.SerializeToUtf8Bytes(file, LeaseJson.Default.LeaseFile), (byte)'\n'];
    }

    /// <summary>Reads a lease file; null if it is damaged.</summary>
    internal static Lease? FromFile(ReadOnlySpan<byte> content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, LeaseJson.Default.LeaseFile) is { } file
                ? new Lease(file.Address, file.Gateway, new Attachment(file.ContainerId, file.InterfaceName), file.NetworkNamespace)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A lease as <c>cat</c> shows it.</summary>
internal sealed class LeaseFile
{
    public required Cidr Address { get; init; }

    public required IpAddress Gateway { get; init; }

    public required string ContainerId { get; init; }

    public required string InterfaceName { get; init; }

    public required string NetworkNamespace { get; init; }
}

/// <summary>How lease files are read and written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(LeaseFile))]
internal sealed partial class LeaseJson : JsonSerializerContext;
