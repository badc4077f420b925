using CniTun.Addresses;
using Microsoft.Win32.SafeHandles;

namespace CniTun.Linux.Netlink;

/// <summary>A veth pair to be made in one request: nobody sees half of it, and no end ever has a name or address that it shall not keep.</summary>
public sealed record VethPair
{
    /// <summary>Gets the name of the near end, in the namespace of the socket; at most 15 bytes.</summary>
    public required string Name { get; init; }

    public required MacAddress Mac { get; init; }

    /// <summary>Gets the bridge that the near end becomes a port of; 0 for none.</summary>
    public int BridgeIndex { get; init; }

    /// <summary>Gets the name of the far end; at most 15 bytes.</summary>
    public required string PeerName { get; init; }

    public required MacAddress PeerMac { get; init; }

    /// <summary>Gets an open network namespace in which the far end is born; borrowed for the call. Null for that of the near end.</summary>
    public SafeFileHandle? PeerNamespace { get; init; }

    /// <summary>Gets the MTU of both ends; 0 for the kernel's default.</summary>
    public int MtuBytes { get; init; }
}
