using System.Text.Json;
using System.Text.Json.Serialization;

namespace CniTun.Addresses;

/// <summary>An address as a JSON string, read strictly.</summary>
public sealed class IpAddressJsonConverter : JsonConverter<IpAddress>
{
    public override IpAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && IpAddress.TryParse(reader.GetString(), out var address)
            ? address
            : throw new JsonException("not an IP address");

    public override void Write(Utf8JsonWriter writer, IpAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>An address with a prefix length as a JSON string, read strictly.</summary>
public sealed class CidrJsonConverter : JsonConverter<Cidr>
{
    public override Cidr Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Cidr.TryParse(reader.GetString(), out var cidr)
            ? cidr
            : throw new JsonException("not an address with a prefix length, such as 10.1.0.0/16");

    public override void Write(Utf8JsonWriter writer, Cidr value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
