namespace CniTun.Agent;

/// <summary>Something that the operator can put right: a setting, a file, a host. The message is all that is shown.</summary>
/// <param name="message">What is wrong with what, and what was expected.</param>
public sealed class AgentException(string message) : Exception(message);
