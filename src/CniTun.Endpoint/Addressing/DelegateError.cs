using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Linux.Processes;

namespace CniTun.Endpoint.Addressing;

/// <summary>Passes on what a delegated plugin said of its failure.</summary>
internal static class DelegateError
{
    private const int Unknown = 0;

    /// <summary>Keeps the plugin's own code where the specification gives it a meaning; a number of the plugin's own would read as one of ours.</summary>
    public static CniException Read(string type, CniCommand command, ChildResult answer)
    {
        var (code, message, details) = Parse(answer.Output);
        return code == Unknown && message is null
            ? EndpointErrors.DelegateFailed(type, $"{command.Text()} ended with exit code {answer.ExitCode} and no error", "look at its standard error")
            : new CniException(
                code is > 0 and < 100 ? (CniErrorCode)code : CniErrorCode.DelegateFailed,
                $"IPAM plugin {type} failed at {command.Text()}: {message}",
                string.IsNullOrEmpty(details) ? $"look up the plugin's own documentation (its code is {code})" : details);
    }

    /// <summary>Reads <c>code</c>, <c>msg</c> and <c>details</c> of a JSON object; what is not there or no JSON stays empty.</summary>
    private static (int Code, string? Message, string? Details) Parse(ReadOnlySpan<byte> output)
    {
        int? code = null;
        string? message = null;
        string? details = null;
        try
        {
            var json = new JsonCursor(output, "the error");
            json.BeginObject();
            while (json.NextKey())
            {
                _ = json.Number("code", ref code) || json.Text("msg", ref message) || json.Text("details", ref details);
            }
        }
        catch (JsonFormException)
        {
            return (Unknown, null, null);
        }

        return (code ?? Unknown, message, details);
    }
}
