using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint;

/// <summary>What the runtime is told when something goes wrong here: what was tried on what, and what the operator can do.</summary>
internal static class EndpointErrors
{
    public static CniException NamespaceUnusable(string path, LinuxException cause) => new(
        CniErrorCode.InvalidEnvironment,
        $"CNI_NETNS {path} cannot be opened: {cause.Message}",
        "it must be the file of the container's network namespace, and the container must still be there",
        cause);

    public static CniException NamespaceIsTheHosts(string path) => new(
        CniErrorCode.InvalidEnvironment,
        $"CNI_NETNS {path} is the network namespace that the plugin itself runs in",
        "a container on the host's network needs no plugin; give the file of the container's own namespace");

    public static CniException PoolExhausted(string network, RangeSet set) => new(
        CniErrorCode.AddressPoolExhausted,
        $"no free address in {set}",
        $"network {network}: every address is leased; delete unused pods or widen ipam.ranges");

    public static CniException LeaseStoreFailed(string directory, LinuxException cause) => new(
        CniErrorCode.LeaseStoreFailed,
        $"the leases in {directory} cannot be used: {cause.Message}",
        cause.Errno switch
        {
            Errno.EROFS => "the file system is read-only; set ipam.dataDir to a directory on tmpfs",
            Errno.ENOSPC => "the file system is full; free space or set ipam.dataDir to another",
            Errno.EOPNOTSUPP => "the file system has no unnamed files (O_TMPFILE); set ipam.dataDir to a directory on tmpfs",
            Errno.EACCES or Errno.EPERM => "run the plugin as root",
            _ => "check the directory that ipam.dataDir names",
        },
        cause);

    public static CniException AddressUnavailable(IpAddress address, string why) => new(
        CniErrorCode.AddressUnavailable,
        $"address {address} cannot be given: {why}",
        "ask for another address, or for none");

    public static CniException DuplicateDetectionUnfinished(IpAddress address, string name, int seconds) => new(
        CniErrorCode.TryAgainLater,
        $"after {seconds} s it is not known whether another host on the link has {address}",
        $"try again; if that does not help, lower net.ipv6.conf.{name}.dad_transmits of the container, or remove enabledad");

    public static CniException DelegateFailed(string type, string why, string details, Exception? cause = null) => new(
        CniErrorCode.DelegateFailed,
        $"IPAM plugin {type} cannot be used: {why}",
        details,
        cause);

    public static CniException NotReady(string message, string details) => new(CniErrorCode.PluginNotAvailable, message, details);

    public static CniException FirewallLost(string network, string lost) => new(
        CniErrorCode.LimitedConnectivity,
        $"containers of network {network} lost their masquerading or their guard against forged MACs: somebody removed {lost}",
        "the next ADD of any container, or GC, puts it back from the records of the attachments");

    public static CniException CollectionIncomplete(IReadOnlyList<string> failures) => new(
        CniErrorCode.CollectionIncomplete,
        $"{failures.Count} things could not be removed: {string.Join("; ", failures)}",
        "the next GC tries again");

    public static CniException NoValidAttachments() => new(
        CniErrorCode.InvalidNetworkConfig,
        "GC needs cni.dev/valid-attachments in the network configuration",
        "the runtime lists there what is to be kept; an empty list means that nothing is");

    public static CniException InterfaceExists(Attachment attachment) => new(
        CniErrorCode.InterfaceExists,
        $"container {attachment.ContainerId} has an interface {attachment.InterfaceName} already",
        "call DEL first, or attach under another CNI_IFNAME");

    public static CniException NotABridge(string name) => new(
        CniErrorCode.InvalidNetworkConfig,
        $"interface {name} is there and is not a bridge",
        "choose another name for the key bridge, or remove the interface");

    public static CniException BridgeHasAddress(string bridge, Cidr wanted, Cidr present) => new(
        CniErrorCode.InvalidNetworkConfig,
        $"{bridge} already has an IP address different from {wanted}: {present}",
        "set forceAddress to have it removed, use the subnet that is there, or choose another name for the key bridge");

    public static CniException NotAVlanGateway(string name) => new(
        CniErrorCode.InvalidNetworkConfig,
        $"interface {name} is there and is no veth, so it cannot be the gateway of a VLAN",
        "remove the interface, or choose another name for the key bridge");

    public static CniException NoVlanFiltering(LinuxException cause) => new(
        CniErrorCode.KernelRefused,
        $"the kernel's bridge has no VLAN filtering: {cause.Message}",
        "use a kernel with CONFIG_BRIDGE_VLAN_FILTERING, or remove vlan and vlanTrunk",
        cause);

    public static CniException NoGateway(string route) => new(
        CniErrorCode.InvalidNetworkConfig,
        $"no gateway for route {route}",
        "give the route a \"gw\", or the network an address of the same family");

    public static CniException NotAsExpected(string difference) => new(
        CniErrorCode.NotAsExpected,
        difference,
        "something changed the container's network after ADD; delete the pod to have it made anew");

    public static CniException NoPreviousResult() => new(
        CniErrorCode.InvalidNetworkConfig,
        "CHECK needs prevResult in the network configuration",
        "the runtime adds the result of ADD to it");

    public static CniException KernelRefused(CniArguments arguments, LinuxException cause) => new(
        CniErrorCode.KernelRefused,
        arguments.Command.IsOfAttachment()
            ? $"{arguments.Command.Text()} {arguments.ContainerId}/{arguments.InterfaceName}: {cause.Message}"
            : $"{arguments.Command.Text()}: {cause.Message}",
        cause.Errno switch
        {
            Errno.EPERM or Errno.EACCES => "run the plugin as root: it needs CAP_NET_ADMIN and CAP_SYS_ADMIN",
            Errno.EROFS => "the file system is read-only: mount /proc/sys writable, or give the setting that the message names its value from outside",
            Errno.EOPNOTSUPP => "the kernel lacks a feature: check that bridge and veth are built in or loaded",
            Errno.EMFILE or Errno.ENOMEM or Errno.ENOBUFS => "the host is short of a resource; try again",
            _ => "the kernel's own words are in the message; nothing of a failed ADD is left behind",
        },
        cause);
}
