using CniTun.Addresses;
using CniTun.Uapi;

namespace CniTun.Agent.Nodes;

/// <summary>A node of the network as the registry describes it.</summary>
/// <param name="Name">Unique.</param>
/// <param name="PublicKey">Unique: what the tunnel knows the node by.</param>
/// <param name="Endpoints">Where its tunnel listens, the preferred one first.</param>
/// <param name="PodCidrs">Its pods' addresses: prefixes that no other node has.</param>
public sealed record Node(string Name, PublicKey PublicKey, IReadOnlyList<IpEndpoint> Endpoints, IReadOnlyList<Cidr> PodCidrs);
