using System.Diagnostics.CodeAnalysis;
using System.Text;
using CniTun.Addresses;
using CniTun.Ipam;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint;

/// <summary>Names and Ethernet addresses that follow from what they are for, so that any later call finds them again.</summary>
internal static class EndpointNames
{
    private const int LongestAliasBytes = 255;
    private const int LongestNetworkInAlias = 200;
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";

    // Locally administered addresses; three ranges, so that no two ends of ours ever meet.
    private const ulong PodRange = 0x0a58_0000_0000;
    private const ulong HostRange = 0x0a59_0000_0000;
    private const ulong BridgeRange = 0x0a5a_0000_0000;

    /// <summary>Gets the name of the host end: "cnt" and 11 characters of a 55-bit hash. It needs no record and no live namespace.</summary>
    public static string HostVeth(Attachment attachment)
    {
        var hash = Hash(attachment.ContainerId, attachment.InterfaceName);
        return string.Create(14, hash, static (name, bits) =>
        {
            "cnt".CopyTo(name);
            for (var i = 3; i < name.Length; i++)
            {
                name[i] = Base32[(int)(bits & 31)];
                bits >>= 5;
            }
        });
    }

    /// <summary>Gets the name of the port behind the host's end in a VLAN: "cng" and 11 characters of a hash of that end's name.</summary>
    public static string GatewayPort(string gateway) => "cng" + HostVeth(new Attachment(gateway, string.Empty))[3..];

    /// <summary>Tells whether an interface of that name is a host end of ours.</summary>
    public static bool IsHostVeth(string name) => IsOurPort(name) && name[2] == 't';

    /// <summary>Tells whether an interface of that name is a host end of ours, or the port behind a gateway.</summary>
    public static bool IsOurPort(string name) =>
        name.Length == 14 && name[..3] is "cnt" or "cng" && name[3..].All(Base32.Contains);

    /// <summary>Gets what <c>ip link</c> shows beside the host end; it is set last, and so tells a finished endpoint from one whose maker died.</summary>
    /// <remarks>IFALIASZ leaves 255 bytes: a name that is too long is replaced by one that follows from it.</remarks>
    public static string Alias(string network, Attachment attachment)
    {
        var alias = $"{AliasPrefix(network)}{attachment}";
        return Encoding.UTF8.GetByteCount(alias) <= LongestAliasBytes
            ? alias
            : $"{AliasPrefix(network)}#{HostVeth(attachment)}/{attachment.InterfaceName}";
    }

    /// <summary>Gets what the aliases of all host ends of a network begin with.</summary>
    public static string AliasPrefix(string network) =>
        $"cnitun {(network.Length <= LongestNetworkInAlias ? network : "#" + HostVeth(new Attachment(network, string.Empty)))} ";

    /// <summary>Gets whose host end an interface is, if it is finished and of that network.</summary>
    public static Attachment? OwnerOf(Link link, string network)
    {
        var prefix = AliasPrefix(network);
        return IsHostVeth(link.Name)
            && link.Alias?.StartsWith(prefix, StringComparison.Ordinal) == true
            && link.Alias[prefix.Length..].Split('/', 2) is [{ Length: > 0 } containerId, { Length: > 0 } interfaceName]
                ? new Attachment(containerId, interfaceName)
                : null;
    }

    public static MacAddress HostMac(Attachment attachment) =>
        new(HostRange | (Hash(attachment.ContainerId, attachment.InterfaceName) & 0xffff_ffff));

    /// <summary>
    /// Gets the container's Ethernet address: it follows from an IP address, so that most neighbours' caches stay right when that is leased again.
    /// It cannot follow from all of them, so ADD announces each (<see cref="PodInterface.Announce"/>).
    /// </summary>
    /// <param name="primary">The first address; null for a network without addresses.</param>
    /// <param name="attachment">Gives the address where there is no IP address.</param>
    public static MacAddress PodMac(IpAddress? primary, Attachment attachment) => new(PodRange | primary switch
    {
        { IsIPv6: false } address => (uint)address.Value,
        { } address => Hash(address.ToString(), string.Empty) & 0xffff_ffff,
        null => Hash(attachment.InterfaceName, attachment.ContainerId) & 0xffff_ffff,
    });

    /// <summary>Gets the bridge's Ethernet address: by chance, since two hosts may have a bridge of one name.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Not a secret: it has only to differ from the neighbours'.")]
    public static MacAddress NewBridgeMac() => new(BridgeRange | (ulong)Random.Shared.NextInt64(1L << 32));

    public static bool IsOurBridge(MacAddress? mac) => mac is { } known && (known.Value & 0xffff_0000_0000) == BridgeRange;

    /// <summary>FNV-1a over both texts with a zero byte between, then mixed (the finalizer of MurmurHash3), so that every bit depends on all.</summary>
    private static ulong Hash(string first, string second)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var value in Encoding.UTF8.GetBytes($"{first}\0{second}"))
        {
            hash = (hash ^ value) * 0x100000001b3;
        }

        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}
