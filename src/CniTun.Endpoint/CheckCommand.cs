using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>Compares the kernel with the result of ADD and names the first difference.</summary>
internal sealed class CheckCommand(CniRequest request)
{
    private readonly CniArguments arguments = request.Arguments;
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public void Execute()
    {
        var configuration = NetworkConfiguration.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request.NetworkName, configuration);
        var expected = configuration.PrevResult ?? throw EndpointErrors.NoPreviousResult();
        using var pod = OpenPod();
        using var inside = pod.OpenNetlink();
        using var host = RouteNetlink.Open();

        var podLink = CheckPodLink(inside, expected);
        CheckHost(host, settings, podLink, expected);
        CheckAddresses(inside, podLink, expected);
        CheckRoutes(inside, podLink, expected);
        CheckLeases(settings, expected);
    }

    private static CniException Differs(string difference) => EndpointErrors.NotAsExpected(difference);

    private static void CheckAddresses(RouteNetlink inside, Link podLink, CniResult expected)
    {
        var present = inside.Addresses.List(podLink);
        foreach (var address in OwnAddresses(expected, podLink.Name))
        {
            if (!present.Any(found => found.Address == address))
            {
                throw Differs($"{podLink.Name} has no address {address}");
            }
        }
    }

    private static void CheckRoutes(RouteNetlink inside, Link podLink, CniResult expected)
    {
        var present = inside.Routes.List();
        foreach (var route in expected.Routes ?? [])
        {
            if (!present.Any(found => found.Destination == route.Destination.Network
                && found.InterfaceIndex == podLink.Index
                && (route.Gateway is null || found.Gateway == route.Gateway)))
            {
                throw Differs(route.Gateway is { } gateway
                    ? $"no route to {route.Destination} via {gateway} by {podLink.Name}"
                    : $"no route to {route.Destination} by {podLink.Name}");
            }
        }
    }

    private static IEnumerable<Cidr> OwnAddresses(CniResult expected, string interfaceName) =>
        (expected.Ips ?? [])
            .Where(ip => ip.Interface is not { } index
                || (index >= 0
                    && index < (expected.Interfaces?.Length ?? 0)
                    && string.Equals(expected.Interfaces![index].Name, interfaceName, StringComparison.Ordinal)))
            .Select(ip => ip.Address);

    private static void CheckBridge(RouteNetlink host, NetworkSettings settings, Link bridge, CniResult expected)
    {
        if (!bridge.IsUp)
        {
            throw Differs($"bridge {bridge.Name} is down");
        }

        if (!settings.IsGateway)
        {
            return;
        }

        var present = host.Addresses.List(bridge);
        foreach (var ip in expected.Ips ?? [])
        {
            if (ip.Gateway is { } gateway && !present.Any(found => found.Address.Address == gateway))
            {
                throw Differs($"bridge {bridge.Name} has no address {gateway}");
            }
        }
    }

    private NetworkNamespace OpenPod()
    {
        try
        {
            return NetworkNamespace.Open(arguments.NetworkNamespace);
        }
        catch (LinuxException cause)
        {
            throw EndpointErrors.NamespaceUnusable(arguments.NetworkNamespace, cause);
        }
    }

    private Link CheckPodLink(RouteNetlink inside, CniResult expected)
    {
        var name = arguments.InterfaceName;
        var ours = expected.Interfaces?.FirstOrDefault(link =>
            !string.IsNullOrEmpty(link.Sandbox) && string.Equals(link.Name, name, StringComparison.Ordinal))
            ?? throw Differs($"prevResult names no interface {name} in a sandbox");
        var link = inside.Links.Find(name) ?? throw Differs($"container {arguments.ContainerId} has no interface {name}");
        if (link.Kind is not "veth")
        {
            throw Differs($"{name} is not a veth but {link.Kind ?? "a physical device"}");
        }

        if (!link.IsUp)
        {
            throw Differs($"{name} is down");
        }

        if (ours.Mac is { Length: > 0 } mac && !string.Equals(mac, link.Mac?.ToString(), StringComparison.OrdinalIgnoreCase))
        {
            throw Differs($"{name} has MAC {link.Mac} instead of {mac}");
        }

        return ours.Mtu is { } mtu && mtu != 0 && mtu != link.MtuBytes ? throw Differs($"{name} has MTU {link.MtuBytes} instead of {mtu}") : link;
    }

    private void CheckHost(RouteNetlink host, NetworkSettings settings, Link podLink, CniResult expected)
    {
        var bridge = host.Links.Find(settings.Bridge) ?? throw Differs($"bridge {settings.Bridge} is missing");
        CheckBridge(host, settings, bridge, expected);
        var hostEnd = new HostEnd(host, attachment).Find() ?? throw Differs($"the host's end of {podLink.Name} is missing");
        if (hostEnd.Index != podLink.PeerIndex)
        {
            throw Differs($"{hostEnd.Name} is not the other end of {podLink.Name}");
        }

        if (hostEnd.MasterIndex != bridge.Index)
        {
            throw Differs($"{hostEnd.Name} is not a port of bridge {bridge.Name}");
        }

        if (!hostEnd.IsUp)
        {
            throw Differs($"{hostEnd.Name} is down");
        }

        if (hostEnd.BridgePort?.Hairpin != settings.Hairpin)
        {
            throw Differs($"hairpin of {hostEnd.Name} is {(settings.Hairpin ? "off" : "on")}");
        }
    }

    private void CheckLeases(NetworkSettings settings, CniResult expected)
    {
        if (settings.RangeSets.Count == 0)
        {
            return;
        }

        using var leases = Leases.TryOpen(settings.DataDirectory, settings.Name);
        var leased = leases?.Find(attachment) ?? [];
        foreach (var address in OwnAddresses(expected, arguments.InterfaceName))
        {
            if (!leased.Any(lease => lease.Address == address))
            {
                throw Differs($"{address} is not leased to {attachment}");
            }
        }
    }
}
