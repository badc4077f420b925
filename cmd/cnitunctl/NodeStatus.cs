using CniTun.Ipam;
using CniTun.Uapi;

namespace CniTun.Ctl;

/// <summary>What was found on the node; what could not be found out is missing, with a reason.</summary>
/// <param name="Tunnel">The tunnel's state; null if it does not answer.</param>
/// <param name="Leases">By network and address.</param>
/// <param name="Problems">Why something is missing, one line each.</param>
internal sealed record NodeStatus(DeviceState? Tunnel, IReadOnlyList<NetworkLease> Leases, IReadOnlyList<string> Problems);

/// <summary>A lease and the network whose it is.</summary>
internal sealed record NetworkLease(string Network, Lease Lease);
