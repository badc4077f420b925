namespace CniTun.Cni;

/// <summary>What VERSION answers.</summary>
internal sealed class VersionAnswer
{
    public required string CniVersion { get; init; }

    public required string[] SupportedVersions { get; init; }
}

/// <summary>What any command answers when it failed.</summary>
internal sealed class ErrorAnswer
{
    public required string CniVersion { get; init; }

    public required int Code { get; init; }

    public required string Msg { get; init; }

    public required string Details { get; init; }
}
