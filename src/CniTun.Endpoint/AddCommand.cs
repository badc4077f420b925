using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>
/// Attaches a container: addresses leased, bridge there, a veth pair between, the container's end configured.
/// </summary>
/// <remarks>
/// A transaction: what fails leaves nothing. And whoever is killed leaves only what DEL finds: the attachment is noted before anything is
/// made, and everything that is made carries a name that follows from it.
/// </remarks>
internal sealed class AddCommand(CniRequest request, Action<string> diagnose)
{
    /// <summary>How often the bridge may be removed by somebody between our making it and our using it.</summary>
    private const int BridgeAttempts = 3;

    private readonly CniArguments arguments = request.Arguments;
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public CniResult Execute()
    {
        var settings = NetworkSettings.From(request.NetworkName, NetworkConfiguration.Read(request.Configuration.Span));
        using var pod = OpenPod();
        using var host = RouteNetlink.Open();
        var hostEnd = new HostEnd(host, attachment);
        hostEnd.RemoveIfUnfinished(pod);

        using var leases = Leases.Open(settings.DataDirectory, settings.Name);
        using var rollback = new Rollback(diagnose);
        rollback.Add("release addresses", () => leases.Release(attachment));
        leases.Begin(attachment);
        var leased = leases.Allocate(attachment, arguments.NetworkNamespace, settings);
        var routes = RoutePlan.Resolve(settings, leased);

        var bridge = CreateVeth(hostEnd, pod, settings, leased);
        rollback.Add("delete veth", () => hostEnd.Delete());
        new PodInterface(pod, arguments.InterfaceName, settings).Configure(leased, routes);
        var finished = hostEnd.Finish(settings);
        rollback.Commit();
        return Result(settings, bridge, finished, leased, routes);
    }

    private NetworkNamespace OpenPod()
    {
        NetworkNamespace pod;
        try
        {
            pod = NetworkNamespace.Open(arguments.NetworkNamespace);
        }
        catch (LinuxException cause)
        {
            throw EndpointErrors.NamespaceUnusable(arguments.NetworkNamespace, cause);
        }

        using var own = NetworkNamespace.OpenCurrent();
        if (pod.IsSameAs(own))
        {
            pod.Dispose();
            throw EndpointErrors.NamespaceIsTheHosts(arguments.NetworkNamespace);
        }

        return pod;
    }

    /// <summary>Makes bridge and veth pair; anew if somebody removes the bridge in between.</summary>
    private Link CreateVeth(HostEnd hostEnd, NetworkNamespace pod, NetworkSettings settings, IReadOnlyList<Lease> leased)
    {
        for (var attempt = 1; ; attempt++)
        {
            var hostBridge = new HostBridge(hostEnd.Netlink, settings);
            var bridge = hostBridge.Ensure();
            if (settings.IsGateway)
            {
                hostBridge.EnsureGateways(bridge, leased.Select(lease => new Cidr(lease.Gateway, lease.Address.PrefixLength)));
            }

            try
            {
                hostEnd.Create(bridge, pod, PodMac(leased), settings.MtuBytes);
                return bridge;
            }
            catch (LinuxException gone)
                when (gone.Errno is Errno.EINVAL or Errno.ENODEV && attempt < BridgeAttempts && hostEnd.Netlink.Links.Find(bridge.Index) is null)
            {
                diagnose($"bridge {bridge.Name} was removed by somebody; making it again");
            }
        }
    }

    private MacAddress PodMac(IReadOnlyList<Lease> leased) =>
        EndpointNames.PodMac(leased.Count > 0 ? leased[0].Address.Address : null, attachment);

    private CniResult Result(NetworkSettings settings, Link bridge, Link hostEnd, IReadOnlyList<Lease> leased, CniRoute[] routes) => new()
    {
        Interfaces =
        [
            new CniInterface { Name = bridge.Name, Mac = bridge.Mac?.ToString(), Mtu = bridge.MtuBytes },
            new CniInterface { Name = hostEnd.Name, Mac = hostEnd.Mac?.ToString(), Mtu = hostEnd.MtuBytes },
            new CniInterface
            {
                Name = arguments.InterfaceName,
                Mac = PodMac(leased).ToString(),
                Mtu = hostEnd.MtuBytes,
                Sandbox = arguments.NetworkNamespace,
            },
        ],
        Ips = [.. leased.Select(lease => new CniAddress { Interface = 2, Address = lease.Address, Gateway = lease.Gateway })],
        Routes = routes,
        Dns = settings.Dns ?? new CniDns(),
    };
}
