using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Commands;

/// <summary>Compares the kernel with the result of ADD and names the first difference.</summary>
internal sealed class CheckCommand(CniRequest request)
{
    private readonly CniArguments arguments = request.Arguments;
    private readonly Attachment attachment = new(request.Arguments.ContainerId, request.Arguments.InterfaceName);

    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request, configuration);
        var expected = configuration.PrevResult ?? throw EndpointErrors.NoPreviousResult();
        using var pod = PodNamespace.Open(arguments.NetworkNamespace);
        using var inside = pod.OpenNetlink();
        using var host = RouteNetlink.Open();

        var podLink = CheckPodLink(inside, settings, expected);
        CheckHost(host, settings, podLink, expected);
        if (!settings.DisableContainerInterface)
        {
            CheckAddresses(inside, podLink, expected);
            CheckRoutes(inside, podLink, expected);
        }

        if (settings.NeedsFirewall)
        {
            CheckFirewall(settings, podLink, expected);
        }

        using var store = LeaseStore.Open(settings.DataDirectory, settings.Name);
        AddressManagement.Choose(request, configuration, store, attachment).Check(expected);
    }

    private static string HexDigits(string mac) => string.Concat(mac.Where(char.IsAsciiHexDigit)).ToUpperInvariant();

    private static CniException Differs(string difference) => EndpointErrors.NotAsExpected(difference);

    private static void CheckAddresses(RouteNetlink inside, Link podLink, CniResult expected)
    {
        var present = inside.Addresses.List(podLink);
        foreach (var address in PreviousResult.AddressesOf(expected, podLink.Name))
        {
            if (!present.Any(found => found.Address == address))
            {
                throw Differs($"{podLink.Name} has no address {address}");
            }
        }
    }

    /// <summary>A route to the same destination by another interface of the container counts: the first one wins at ADD.</summary>
    private static void CheckRoutes(RouteNetlink inside, Link podLink, CniResult expected)
    {
        var present = inside.Routes.List();
        foreach (var route in expected.Routes)
        {
            if (!present.Any(found => found.Destination == route.Destination.Network
                && (found.InterfaceIndex != podLink.Index || route.Gateway is null || found.Gateway == route.Gateway)))
            {
                throw Differs(route.Gateway is { } gateway
                    ? $"no route to {route.Destination} via {gateway} by {podLink.Name}"
                    : $"no route to {route.Destination} by {podLink.Name}");
            }
        }
    }

    private static void CheckBridge(RouteNetlink host, NetworkSettings settings, Link bridge, CniResult expected)
    {
        if (!bridge.IsUp)
        {
            throw Differs($"bridge {bridge.Name} is down");
        }

        if (settings.Promiscuous && !bridge.IsPromiscuous)
        {
            throw Differs($"bridge {bridge.Name} is not promiscuous");
        }

        if (!settings.IsGateway)
        {
            return;
        }

        var holder = settings.VlanGateway is { } name ? host.Links.Find(name) ?? throw Differs($"the gateway {name} is missing") : bridge;
        if (!holder.IsUp)
        {
            throw Differs($"the gateway {holder.Name} is down");
        }

        var present = host.Addresses.List(holder);
        foreach (var ip in expected.Ips)
        {
            if (ip.Gateway is { } gateway && !present.Any(found => found.Address.Address == gateway))
            {
                throw Differs($"{(holder == bridge ? "bridge " : string.Empty)}{holder.Name} has no address {gateway}");
            }

            CheckForwarding(ip.Address.Address.IsIPv6, holder.Name);
        }
    }

    /// <summary>The setting of all interfaces and that of the one by which containers' packets come in: either may have been turned off since.</summary>
    private static void CheckForwarding(bool isIPv6, string holder)
    {
        foreach (var setting in isIPv6
            ? (string[])["net/ipv6/conf/all/forwarding", $"net/ipv6/conf/{holder}/forwarding"]
            : ["net/ipv4/ip_forward", $"net/ipv4/conf/{holder}/forwarding"])
        {
            if (Sysctl.TryRead(setting) is "0")
            {
                throw Differs($"the host does not forward {(isIPv6 ? "IPv6" : "IPv4")}: {setting} is 0");
            }
        }
    }

    private void CheckFirewall(NetworkSettings settings, Link podLink, CniResult expected)
    {
        using var firewall = NodeFirewall.Open(settings.Name, settings.DataDirectory);
        if (settings.Masquerade
            && firewall.Masquerade.Missing(attachment, [.. PreviousResult.AddressesOf(expected, arguments.InterfaceName)]) is { } unmasked)
        {
            throw Differs($"masquerading lacks {unmasked}");
        }

        if (settings.CheckSpoofing && firewall.SpoofCheck.Missing(attachment, podLink.Mac ?? default) is { } unguarded)
        {
            throw Differs($"the guard against forged MACs lacks {unguarded}");
        }
    }

    private Link CheckPodLink(RouteNetlink inside, NetworkSettings settings, CniResult expected)
    {
        var name = arguments.InterfaceName;
        var ours = PreviousResult.InterfaceOf(expected, name) ?? throw Differs($"prevResult names no interface {name} in a sandbox");
        var link = inside.Links.Find(name) ?? throw Differs($"container {arguments.ContainerId} has no interface {name}");
        if (link.Kind is not "veth")
        {
            throw Differs($"{name} is not a veth but {link.Kind ?? "a physical device"}");
        }

        if (link.IsUp == settings.DisableContainerInterface)
        {
            throw Differs($"{name} is {(link.IsUp ? "up" : "down")}");
        }

        // A later plugin's result has the address as its configuration wrote it: with hyphens or dots, in any case.
        if (ours.Mac is { Length: > 0 } mac && HexDigits(mac) != HexDigits(link.Mac?.ToString() ?? string.Empty))
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

        if (VlanPort.Difference(host, settings, bridge, hostEnd) is { } difference)
        {
            throw Differs(difference);
        }
    }
}
