namespace CniTun.Ipam;

/// <summary>Ranges as they are written cannot be leased from. The message is for the operator.</summary>
/// <remarks>A type of its own because the framework's names the parameter behind the message, in words that the binary does not even have.</remarks>
/// <param name="message">What is wrong.</param>
public sealed class RangeException(string message) : ArgumentException(message);
