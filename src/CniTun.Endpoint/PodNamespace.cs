using CniTun.Cni;
using CniTun.Linux;
using CniTun.Linux.Namespaces;

namespace CniTun.Endpoint;

/// <summary>Opens what CNI_NETNS names.</summary>
internal static class PodNamespace
{
    /// <exception cref="CniException">Code 4: it is no network namespace, or the one that we run in.</exception>
    public static NetworkNamespace Open(string path)
    {
        NetworkNamespace pod;
        try
        {
            pod = NetworkNamespace.Open(path);
        }
        catch (LinuxException cause)
        {
            throw EndpointErrors.NamespaceUnusable(path, cause);
        }

        if (IsOurs(pod))
        {
            pod.Dispose();
            throw EndpointErrors.NamespaceIsTheHosts(path);
        }

        return pod;
    }

    /// <summary>Opens the namespace for clearing up.</summary>
    /// <returns>Null if it is gone, or if the path leads to something else by now.</returns>
    public static NetworkNamespace? TryOpen(string path)
    {
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            var pod = NetworkNamespace.Open(path);
            if (!IsOurs(pod))
            {
                return pod;
            }

            pod.Dispose();
            return null;
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENOENT or Errno.EINVAL or Errno.ENOTDIR)
        {
            return null;
        }
    }

    private static bool IsOurs(NetworkNamespace pod)
    {
        using var own = NetworkNamespace.OpenCurrent();
        return pod.IsSameAs(own);
    }
}
