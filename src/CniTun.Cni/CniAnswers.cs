namespace CniTun.Cni;

/// <summary>What VERSION answers.</summary>
internal sealed record VersionAnswer(string CniVersion, IReadOnlyList<string> SupportedVersions);

/// <summary>What any command answers when it failed.</summary>
internal sealed record ErrorAnswer(string CniVersion, int Code, string Msg, string Details);
