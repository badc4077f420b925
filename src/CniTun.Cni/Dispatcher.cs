using System.Text;
using CniTun.Addresses;

namespace CniTun.Cni;

/// <summary>
/// The protocol from end to end without a process: environment and standard input in, an answer out.
/// </summary>
public sealed class Dispatcher(ICniCommands commands)
{
    /// <summary>Two texts of this length, with what is around them, stay under 2 KB.</summary>
    private const int LongestTextBytes = 950;

    /// <summary>Runs one command. Never throws: whatever goes wrong is an answer too.</summary>
    /// <param name="getVariable">Gets an environment variable, or null.</param>
    /// <param name="readInput">Gets standard input; not called before the environment is known to be right.</param>
    /// <param name="writeResult">
    /// Writes the result of ADD to standard output, which is then not in the answer; throws a <see cref="CniException"/> if that cannot be. ADD is done only
    /// when it is heard. Null to have it in the answer.
    /// </param>
    public CniAnswer Run(Func<string, string?> getVariable, Func<ReadOnlyMemory<byte>> readInput, Action<ReadOnlyMemory<byte>>? writeResult = null)
    {
        var version = CniVersions.Newest.Text();
        try
        {
            var arguments = CniArguments.Read(getVariable);
            var input = readInput();
            if (arguments.Command == CniCommand.Version)
            {
                return Success(AnswerVersion(input.Span));
            }

            var envelope = CniEnvelope.Read(input.Span);
            var spoken = ReadVersion(envelope.Version);
            version = spoken.Text();
            CheckCommandExists(arguments.Command, spoken);
            CheckNetworkName(envelope.Name);
            return Execute(new CniRequest(arguments, envelope.Name!, spoken, input), writeResult);
        }
        catch (CniException failure)
        {
            return Failure(version, failure.Code, failure.Message, failure.Details);
        }
        catch (JsonFormException wrong)
        {
            return Failure(version, CniErrorCode.DecodingFailure, wrong.Message, "compare the text, there, with docs/cni.md");
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            return Failure(
                version,
                CniErrorCode.Internal,
                $"internal error: {bug.GetType().Name}: {bug.Message}",
                "this is a fault in cnitun: please report it with the network configuration");
        }
    }

    private static ReadOnlyMemory<byte> AnswerVersion(ReadOnlySpan<byte> input)
    {
        // The answer echoes the version of the question; a question without one is answered in the newest.
        var asked = input.IsEmpty ? CniVersions.Newest.Text() : CniEnvelope.Read(input).Version;
        return JsonOutput.Write(json =>
        {
            json.WriteString("cniVersion"u8, asked);
            json.WriteStartArray("supportedVersions"u8);
            foreach (var version in CniVersions.Supported)
            {
                json.WriteStringValue(version);
            }

            json.WriteEndArray();
        });
    }

    private static CniVersion ReadVersion(string text) =>
        CniVersions.TryParse(text, out var version)
            ? version
            : throw new CniException(
                CniErrorCode.IncompatibleVersion,
                $"cniVersion '{text}' is not supported",
                $"supported versions are {string.Join(", ", CniVersions.Supported)}");

    private static void CheckCommandExists(CniCommand command, CniVersion version)
    {
        if (version < command.Since())
        {
            throw new CniException(
                CniErrorCode.IncompatibleVersion,
                $"{command.Text()} does not exist in version {version.Text()}",
                $"it came with {command.Since().Text()}");
        }
    }

    private static void CheckNetworkName(string? name)
    {
        if (name is null || !CniArguments.IsIdentifier(name))
        {
            throw new CniException(
                CniErrorCode.InvalidNetworkConfig,
                name is null ? "the network configuration has no name" : $"'{name}' cannot name a network",
                "name begins with a letter or digit and goes on with letters, digits, '_', '.' and '-'");
        }
    }

    private static CniAnswer Success(ReadOnlyMemory<byte> output) => new(0, output);

    private static CniAnswer Failure(string version, CniErrorCode code, string message, string details) =>
        new(1, JsonOutput.Write(json =>
        {
            json.WriteString("cniVersion"u8, version);
            json.WriteNumber("code"u8, (int)code);
            json.WriteString("msg"u8, Shortened(message));
            json.WriteString("details"u8, Shortened(details));
        }));

    /// <summary>Keeps the answer under 2 KB: runtimes put it into events and logs.</summary>
    /// <remarks>Counted as JSON: one character may take six bytes there. What is not valid UTF-16 becomes U+FFFD.</remarks>
    private static string Shortened(string text)
    {
        var kept = new StringBuilder();
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += JsonText.LengthOf(rune);
            if (bytes > LongestTextBytes)
            {
                return kept.Append(" ...").ToString();
            }

            kept.Append(rune.ToString());
        }

        return kept.ToString();
    }

    private CniAnswer Execute(CniRequest request, Action<ReadOnlyMemory<byte>>? writeResult)
    {
        ReadOnlyMemory<byte> output = default;
        switch (request.Arguments.Command)
        {
            case CniCommand.Add:
                commands.Add(request, result => (writeResult ?? (bytes => output = bytes))(ResultWriter.Write(result, request.Version)));
                break;
            case CniCommand.Del:
                commands.Del(request);
                break;
            case CniCommand.Check:
                commands.Check(request);
                break;
            case CniCommand.Gc:
                commands.Gc(request);
                break;
            default:
                commands.Status(request);
                break;
        }

        return Success(output);
    }
}

/// <summary>How a call ends.</summary>
/// <param name="ExitCode">0 or 1.</param>
/// <param name="Output">For standard output: one JSON object, or nothing.</param>
public readonly record struct CniAnswer(int ExitCode, ReadOnlyMemory<byte> Output);
