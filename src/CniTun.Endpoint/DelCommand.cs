using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>
/// Detaches a container: the veth pair first, its addresses last, so that none is leased again while anything still has it.
/// </summary>
/// <remarks>What is gone already is no error; DEL may be called twice, for a container never added, and after its namespace vanished.</remarks>
internal sealed class DelCommand(CniRequest request)
{
    private readonly CniArguments arguments = request.Arguments;
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public void Execute()
    {
        var dataDirectory = NetworkSettings.DataDirectoryOf(NetworkConfiguration.Read(request.Configuration.Span));
        using var host = RouteNetlink.Open();
        if (!new HostEnd(host, attachment).Delete())
        {
            DeleteInside();
        }

        using var leases = Leases.TryOpen(dataDirectory, request.NetworkName);
        leases?.Release(attachment);
    }

    /// <summary>Removes an interface whose host end has not our name: one that the reference plugin made before the network was handed to us.</summary>
    private void DeleteInside()
    {
        if (arguments.NetworkNamespace.Length == 0 || OpenIfThere() is not { } pod)
        {
            return;
        }

        using (pod)
        using (var own = NetworkNamespace.OpenCurrent())
        {
            if (pod.IsSameAs(own))
            {
                return;
            }

            using var netlink = pod.OpenNetlink();
            if (netlink.Links.Find(arguments.InterfaceName) is { Kind: "veth" })
            {
                netlink.Links.Delete(arguments.InterfaceName);
            }
        }
    }

    private NetworkNamespace? OpenIfThere()
    {
        try
        {
            return NetworkNamespace.Open(arguments.NetworkNamespace);
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENOENT or Errno.EINVAL or Errno.ENOTDIR)
        {
            return null;
        }
    }
}
