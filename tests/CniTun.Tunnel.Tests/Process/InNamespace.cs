using CniTun.Linux.Namespaces;

namespace CniTun.Tunnel.Tests;

/// <summary>Runs code on a thread of its own inside a test's namespace.</summary>
internal static class InNamespace
{
    public static T Run<T>(TestNamespace space, Func<T> action)
    {
        using var opened = NetworkNamespace.Open(space.Path);
        return opened.Run(action);
    }
}
