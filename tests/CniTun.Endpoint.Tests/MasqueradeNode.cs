using System.Net;
using System.Net.Sockets;
using CniTun.Addresses;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Namespaces;

namespace CniTun.Endpoint.Tests;

/// <summary>
/// A node with a bridge and two pods on it, and an outside that knows the way back to the pods: so whoever is not masqueraded gets an answer, too.
/// </summary>
/// <remarks>
/// <code>
///   pod 10.77.1.2 --+
///                   +-- br0 10.77.1.1  node  192.0.2.1 -------- 192.0.2.2 outside
///  other 10.77.1.3 -+       (the same with fd00:77:1:: and 2001:db8::)
/// </code>
/// </remarks>
internal sealed class MasqueradeNode : IDisposable
{
    public static readonly Attachment PodAttachment = new("pod", "eth0");
    public static readonly Cidr[] PodAddresses = [Cidr.Parse("10.77.1.2/24"), Cidr.Parse("fd00:77:1::2/64")];

    private readonly TestNamespace pod = new("pod");
    private readonly TestNamespace other = new("other");
    private readonly TestNamespace outside = new("outside");
    private readonly TestNamespace node = new("node");
    private int attached;

    public MasqueradeNode()
    {
        foreach (var space in new[] { pod, other, outside, node })
        {
            // While its link-local address is tentative, an interface asks for no neighbour, and the first packets are lost.
            In(space, () => Sysctl.TryWrite("net/ipv6/conf/default/accept_dad", "0"));
        }

        In(node, () => Sysctl.TryWrite("net/ipv4/ip_forward", "1") && Sysctl.TryWrite("net/ipv6/conf/all/forwarding", "1"));
        node.Ip("link", "add", "br0", "type", "bridge");
        Address(node, "br0", "10.77.1.1/24", "fd00:77:1::1/64");
        Attach(pod, "10.77.1.2/24", "fd00:77:1::2/64");
        Attach(other, "10.77.1.3/24", "fd00:77:1::3/64");
        node.Ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", outside.Name);
        Address(node, "up0", "192.0.2.1/24", "2001:db8::1/64");
        Address(outside, "eth0", "192.0.2.2/24", "2001:db8::2/64");
        Routes(outside, "192.0.2.1", "2001:db8::1");
    }

    /// <summary>Opens the masquerade of a network in the node.</summary>
    public NodeFirewall Open(string network = "pods") => In(node, () => NodeFirewall.Open(network, "/run/cnitun-none"));

    /// <summary>Sends a datagram from the pod to the outside, has it answered, and tells from whom it came.</summary>
    public IPEndPoint SeenOutside(bool isIPv6, int sourcePort = 0) => SeenBy(outside, isIPv6 ? "2001:db8::2" : "192.0.2.2", sourcePort);

    /// <summary>Sends a datagram from the pod to the other pod, has it answered, and tells from whom it came.</summary>
    public IPEndPoint SeenByTheOther(bool isIPv6) => SeenBy(other, isIPv6 ? "fd00:77:1::3" : "10.77.1.3", sourcePort: 0);

    /// <summary>Has everything that the pods send marked, before it is routed.</summary>
    public void MarkWhatThePodSends(uint mark) => node.Run(
        "nft",
        $"table inet test {{ chain in {{ type filter hook prerouting priority -300; }}; }}; flush chain inet test in; add rule inet test in iifname br0 meta mark set {mark}");

    /// <summary>Sends what the pods say to each other through the node: on one wire netfilter would not see it, and the test prove nothing.</summary>
    public void RouteBetweenThePods()
    {
        foreach (var (space, far4, far6) in new[] { (pod, "10.77.1.3", "fd00:77:1::3"), (other, "10.77.1.2", "fd00:77:1::2") })
        {
            space.Ip("route", "add", $"{far4}/32", "via", "10.77.1.1");
            space.Ip("route", "add", $"{far6}/128", "via", "fd00:77:1::1");
        }
    }

    public void Dispose()
    {
        pod.Dispose();
        other.Dispose();
        outside.Dispose();
        node.Dispose();
    }

    private static T In<T>(TestNamespace space, Func<T> action)
    {
        using var inside = NetworkNamespace.Open(space.Path);
        return inside.Run(action);
    }

    private static void Address(TestNamespace space, string link, string address4, string address6)
    {
        space.Ip("address", "add", address4, "dev", link);
        space.Ip("address", "add", address6, "dev", link, "nodad");
        space.Ip("link", "set", link, "up");
    }

    private static void Routes(TestNamespace space, string gateway4, string gateway6)
    {
        space.Ip("route", "add", "default", "via", gateway4);
        space.Ip("route", "add", "default", "via", gateway6);
    }

    private void Attach(TestNamespace space, string address4, string address6)
    {
        var port = $"port{attached++}";
        node.Ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space.Name);
        node.Ip("link", "set", port, "master", "br0", "up");
        Address(space, "eth0", address4, address6);
        Routes(space, "10.77.1.1", "fd00:77:1::1");
    }

    /// <summary>A socket belongs to the namespace in which it was opened, so one thread can hold both ends.</summary>
    private IPEndPoint SeenBy(TestNamespace receiver, string address, int sourcePort)
    {
        var destination = IPAddress.Parse(address);
        var any = destination.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        using var listening = In(receiver, () => new UdpClient(new IPEndPoint(any, 0)));
        using var sending = In(pod, () => new UdpClient(new IPEndPoint(any, sourcePort)));
        listening.Client.ReceiveTimeout = sending.Client.ReceiveTimeout = (int)Eventually.Limit.TotalMilliseconds;
        sending.Send([1], new IPEndPoint(destination, ((IPEndPoint)listening.Client.LocalEndPoint!).Port));
        var seen = new IPEndPoint(any, 0);
        listening.Receive(ref seen);
        listening.Send([2], seen);
        var answered = new IPEndPoint(any, 0);
        sending.Receive(ref answered);
        Assert.Equal(destination, answered.Address);
        return seen;
    }
}
