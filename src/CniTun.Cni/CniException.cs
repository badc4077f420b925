namespace CniTun.Cni;

/// <summary>A command failed in a way that the runtime is told.</summary>
/// <param name="code">What kind of failure.</param>
/// <param name="message">What was tried on what.</param>
/// <param name="details">What the operator can do about it.</param>
/// <param name="cause">What lies beneath, if anything.</param>
public sealed class CniException(CniErrorCode code, string message, string details, Exception? cause = null)
    : Exception(message, cause)
{
    public CniErrorCode Code { get; } = code;

    public string Details { get; } = details;
}
