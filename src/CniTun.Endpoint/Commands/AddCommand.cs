using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Commands;

/// <summary>
/// Attaches a container: addresses given, bridge there, a veth pair between, the container's end configured.
/// </summary>
/// <remarks>
/// <para>A transaction: what fails leaves nothing, and that the result is heard is part of it. And whoever is killed leaves only what DEL finds: the
/// attachment is noted before anything is made, and everything that is made carries a name that follows from it.</para>
/// <para>The same ADD after one that was killed begins anew. It knows it by the host end's mark, which is made when the result is written and nothing
/// is left to do; so an ADD of a container that has its interface is an error all the same.</para>
/// </remarks>
internal sealed class AddCommand(CniRequest request, Action<string> standardError)
{
    /// <summary>How often the bridge may be removed by somebody between our making it and our using it.</summary>
    private const int BridgeAttempts = 3;

    /// <summary>The container's end in the list of the interfaces that we make.</summary>
    private const int PodInterfaceIndex = 2;

    private readonly CniArguments arguments = request.Arguments;
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    /// <param name="deliver">Hands the result to whoever waits for it; if that throws, all is undone.</param>
    public void Execute(Action<CniResult> deliver)
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request, configuration);
        var diagnostics = new Diagnostics(arguments, configuration.LogFile, standardError);
        using var pod = PodNamespace.Open(arguments.NetworkNamespace);
        using var host = RouteNetlink.Open();
        var hostEnd = new HostEnd(host, attachment);
        hostEnd.RemoveRemains(pod, settings.Name);
        var hostLink = Attach(configuration, settings, diagnostics, pod, hostEnd, deliver);
        pod.Dispose();
        hostEnd.Finish(hostLink, settings.Name);
    }

    /// <returns>The host's end.</returns>
    private Link Attach(
        NetworkConfiguration configuration,
        NetworkSettings settings,
        Diagnostics diagnostics,
        NetworkNamespace pod,
        HostEnd hostEnd,
        Action<CniResult> deliver)
    {
        using var store = LeaseStore.Open(settings.DataDirectory, settings.Name);
        using var firewall = settings.NeedsFirewall ? NodeFirewall.Open(settings.Name, settings.DataDirectory, diagnostics.Write) : null;

        // Disposed before all that it undoes with.
        using var rollback = new Rollback(diagnostics.Write);
        rollback.Add("forget the attachment", () => store.Release(attachment));
        store.Begin(attachment);
        var addressing = AddressManagement.Choose(request, configuration, store, attachment);
        rollback.Add("release addresses", addressing.Release);
        var given = addressing.Allocate();
        var ips = RoutePlan.ResolveGateways(settings, given.Ips, PodInterfaceIndex);
        var routes = RoutePlan.ResolveRoutes(settings, given.Routes, ips);

        var podMac = settings.Mac ?? EndpointNames.PodMac(ips.Count > 0 ? ips[0].Address.Address : null, attachment);
        var (bridge, vlanGateway) = CreateVeth(hostEnd, pod, settings, podMac, ips, diagnostics);
        rollback.Add("delete veth", hostEnd.DeleteUnfinished);
        if (firewall is not null)
        {
            var record = new EndpointRecord(settings.Masquerade ? [.. ips.Select(ip => ip.Address)] : [], settings.CheckSpoofing ? podMac : null);
            rollback.Add("stop masquerading and guarding", () =>
            {
                store.Records.TakeEndpoint(attachment);
                firewall.Remove(attachment, record);
            });
            if (EndpointRecord.FromFile(store.Records.SaveEndpoint(attachment, record.ToFile(attachment))) is { } left)
            {
                firewall.Remove(attachment, left);
            }

            firewall.Add(attachment, record);
        }

        using var podInterface = new PodInterface(pod, arguments.InterfaceName, settings, diagnostics.Write);
        var podLink = podInterface.Configure(ips, routes);
        var hostLink = hostEnd.Connect(settings);
        podInterface.Settle(podLink, ips);
        if (settings.DetectDuplicates)
        {
            podInterface.AwaitDuplicateDetection(podLink);
        }

        try
        {
            ForgetNeighbours(hostEnd.Netlink, vlanGateway ?? bridge, podMac, ips);
            podInterface.Announce(podLink, ips);
        }
        catch (LinuxException unheard)
        {
            // Such as ENOBUFS, where the host's neighbour tables are full: the container works, and who knew another MAC learns in time.
            diagnostics.Write($"not announced: {unheard.Message}");
        }

        deliver(PreviousResult.Extend(configuration.PrevResult, new CniResult
        {
            Interfaces = [Told(bridge), Told(hostLink), Told(podLink, arguments.NetworkNamespace), .. vlanGateway is null ? [] : new[] { Told(vlanGateway) }],
            Ips = ips,
            Routes = routes,
            Dns = settings.Dns is { IsSaid: true } ? settings.Dns : given.Dns,
        }));
        rollback.Commit();
        return hostLink;
    }

    /// <summary>Removes what the host knows of an earlier container at one of the addresses, for when the announcement cannot: a permanent entry.</summary>
    private static void ForgetNeighbours(RouteNetlink host, Link holder, MacAddress podMac, IReadOnlyList<CniAddress> ips)
    {
        foreach (var ip in ips)
        {
            if (host.Neighbours.Find(holder, ip.Address.Address) is { Mac: { } mac } && mac != podMac)
            {
                host.Neighbours.Delete(holder, ip.Address.Address);
            }
        }
    }

    private static CniInterface Told(Link link, string? sandbox = null) => new()
    {
        Name = link.Name,
        Mac = link.Mac?.ToString(),
        Mtu = link.MtuBytes,
        Sandbox = sandbox,
    };

    /// <summary>Makes bridge and veth pair; anew if somebody removes the bridge in between.</summary>
    private static (Link Bridge, Link? VlanGateway) CreateVeth(
        HostEnd hostEnd,
        NetworkNamespace pod,
        NetworkSettings settings,
        MacAddress podMac,
        IReadOnlyList<CniAddress> ips,
        Diagnostics diagnostics)
    {
        for (var attempt = 1; ; attempt++)
        {
            var hostBridge = new HostBridge(hostEnd.Netlink, settings);
            var bridge = hostBridge.Ensure();
            try
            {
                if (settings.Vlans is not null && VlanPort.EnsureFiltering(hostEnd.Netlink, bridge) is { } warning)
                {
                    diagnostics.Write(warning);
                }

                var vlanGateway = settings.VlanGateway is { } name ? new VlanGateway(hostEnd.Netlink, settings, name).Ensure(bridge) : null;
                if (settings.IsGateway)
                {
                    hostBridge.EnsureGateways(
                        vlanGateway ?? bridge,
                        [.. Gateways(ips)],
                        address => LeaseStore.IsGateway(settings.DataDirectory, address) || hostEnd.SharesBridge(bridge, settings));
                }

                hostEnd.Create(bridge, pod, podMac, settings.MtuBytes);
                return (bridge, vlanGateway);
            }
            catch (LinuxException gone)
                when (gone.Errno is Errno.EINVAL or Errno.ENODEV && attempt < BridgeAttempts && hostEnd.Netlink.Links.Find(bridge.Index) is null)
            {
                diagnostics.Write($"bridge {bridge.Name} was removed by somebody; making it again");
            }
        }
    }

    private static IEnumerable<Cidr> Gateways(IReadOnlyList<CniAddress> ips)
    {
        foreach (var ip in ips)
        {
            if (ip.Gateway is { } gateway)
            {
                yield return new Cidr(gateway, ip.Address.PrefixLength);
            }
        }
    }
}
