namespace CniTun.Cni;

/// <summary>What a plugin does. A failure is a <see cref="CniException"/>; any other exception is reported as a bug.</summary>
public interface ICniCommands
{
    /// <param name="request">The call.</param>
    /// <param name="deliver">Called once, with the result, when all is made: hands it to the runtime. If it throws, all is to be undone.</param>
    void Add(CniRequest request, Action<CniResult> deliver);

    void Del(CniRequest request);

    void Check(CniRequest request);

    void Gc(CniRequest request);

    void Status(CniRequest request);
}

/// <summary>One call, past the checks that every command has in common.</summary>
/// <param name="Arguments">The environment.</param>
/// <param name="NetworkName">Fit to name a file.</param>
/// <param name="Version">The version to answer in.</param>
/// <param name="Configuration">The whole network configuration as it came: a JSON object.</param>
public sealed record CniRequest(CniArguments Arguments, string NetworkName, CniVersion Version, ReadOnlyMemory<byte> Configuration);
