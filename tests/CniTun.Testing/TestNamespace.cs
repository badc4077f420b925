using CniTun.Linux.Namespaces;

namespace CniTun.Testing;

/// <summary>
/// A network namespace of the test's own under /run/netns, with loopback up and no way out. Owned by the test, gone with Dispose.
/// </summary>
public sealed class TestNamespace : IDisposable
{
    private static int counter;

    public TestNamespace(string label = "ns")
    {
        Name = $"cnitun-test-{Environment.ProcessId}-{Interlocked.Increment(ref counter)}-{label}";
        Command.Run("ip", "netns", "add", Name);
        Ip("link", "set", "lo", "up");
    }

    public string Name { get; }

    /// <summary>Gets the file that a runtime would pass as CNI_NETNS.</summary>
    public string Path => $"/run/netns/{Name}";

    /// <summary>Runs <c>ip -n NAME ...</c> and returns what it printed.</summary>
    public string Ip(params string[] arguments) => Command.Run("ip", ["-n", Name, .. arguments]);

    /// <summary>Runs a program inside the namespace and fails the test unless it exits with 0.</summary>
    public string Run(string program, params string[] arguments) =>
        Command.Run("ip", ["netns", "exec", Name, program, .. arguments]);

    /// <summary>Runs a program inside the namespace, whatever it exits with.</summary>
    public Answer Try(string program, params string[] arguments) =>
        Command.Try("ip", ["netns", "exec", Name, program, .. arguments]);

    /// <summary>Runs code of the test inside the namespace, on a thread of its own.</summary>
    public T Run<T>(Func<T> action)
    {
        using var opened = NetworkNamespace.Open(Path);
        return opened.Run(action);
    }

    public void Dispose() => Command.Try("ip", "netns", "del", Name);
}
