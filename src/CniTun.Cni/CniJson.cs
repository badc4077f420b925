using System.Text.Json;
using System.Text.Json.Serialization;

namespace CniTun.Cni;

/// <summary>How the protocol's own types are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CniResult))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class CniJson : JsonSerializerContext;
