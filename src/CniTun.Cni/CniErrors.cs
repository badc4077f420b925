using System.Globalization;
using System.Text.Json;

namespace CniTun.Cni;

/// <summary>Errors that more than one place has to tell.</summary>
public static class CniErrors
{
    /// <summary>Says where in the configuration the mistake is; the words are ours, as the framework's are left out of the binary.</summary>
    public static CniException MalformedJson(JsonException malformed)
    {
        var where = string.Create(
            CultureInfo.InvariantCulture,
            $"line {malformed.LineNumber.GetValueOrDefault() + 1}, byte {malformed.BytePositionInLine.GetValueOrDefault() + 1}");
        return malformed.Path is { Length: > 0 } path and not "$"
            ? new(
                CniErrorCode.DecodingFailure,
                $"the network configuration has an unusable value at {path} ({where})",
                "compare the key's type and form with docs/cni.md",
                malformed)
            : new(CniErrorCode.DecodingFailure, $"the network configuration is not valid JSON ({where})", "correct the file", malformed);
    }
}
