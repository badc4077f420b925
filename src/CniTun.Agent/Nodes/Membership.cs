using CniTun.Addresses;
using CniTun.Daemon;
using CniTun.Uapi;

namespace CniTun.Agent.Nodes;

/// <summary>The network seen from one node.</summary>
/// <param name="Self">This node.</param>
/// <param name="Remotes">All others.</param>
public sealed record Membership(Node Self, IReadOnlyList<Node> Remotes)
{
    /// <summary>Finds this node among all.</summary>
    /// <exception cref="OperatorException">It is not there, has no pod CIDR, or is there with another key than it has.</exception>
    public static Membership Select(IReadOnlyList<Node> nodes, string nodeName, PublicKey ownKey)
    {
        var self = nodes.FirstOrDefault(node => node.Name == nodeName)
            ?? throw new OperatorException($"no node is called '{nodeName}', which is this node's name");
        if (self.PublicKey != ownKey)
        {
            throw new OperatorException($"node '{nodeName}' has public key {self.PublicKey} there, but this node's own is {ownKey}");
        }

        return self.PodCidrs.Count > 0
            ? new Membership(self, [.. nodes.Where(node => node != self)])
            : throw new OperatorException($"node '{nodeName}', which is this node, has no podCIDRs");
    }
}

/// <summary>A node of the network as the registry describes it.</summary>
/// <param name="Name">Unique.</param>
/// <param name="PublicKey">Unique: what the tunnel knows the node by.</param>
/// <param name="Endpoints">Where its tunnel listens, the preferred one first.</param>
/// <param name="PodCidrs">Its pods' addresses: prefixes that no other node has.</param>
public sealed record Node(string Name, PublicKey PublicKey, IReadOnlyList<IpEndpoint> Endpoints, IReadOnlyList<Cidr> PodCidrs);
