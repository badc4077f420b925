using CniTun.Addresses;
using CniTun.Daemon;

namespace CniTun.Agent.Nodes;

/// <summary>Judges the pod CIDRs of all nodes together.</summary>
internal static class PodNetworks
{
    /// <summary>Fails unless pod CIDRs are apart from each other and from the nodes' own addresses.</summary>
    /// <exception cref="OperatorException">Names the two that collide.</exception>
    public static void RequireApart(IReadOnlyList<Node> nodes)
    {
        var owners = nodes.SelectMany(node => node.PodCidrs.Select(prefix => (Prefix: prefix, Node: node.Name))).ToList();

        // By first address, the longer range first. Prefixes are nested or apart, so what overlaps anything overlaps its neighbour here.
        owners.Sort(static (a, b) => a.Prefix.First.CompareTo(b.Prefix.First) is var order and not 0
            ? order
            : a.Prefix.PrefixLength.CompareTo(b.Prefix.PrefixLength));
        for (var i = 1; i < owners.Count; i++)
        {
            if (owners[i - 1].Prefix.Overlaps(owners[i].Prefix))
            {
                throw new OperatorException(
                    $"pod CIDR {owners[i - 1].Prefix} of node '{owners[i - 1].Node}' overlaps {owners[i].Prefix} of node '{owners[i].Node}'");
            }
        }

        foreach (var node in nodes)
        {
            foreach (var endpoint in node.Endpoints)
            {
                RefuseInside(owners, node, endpoint);
            }
        }
    }

    /// <summary>An endpoint inside a pod CIDR would be reached through the tunnel that it is the far end of.</summary>
    private static void RefuseInside(List<(Cidr Prefix, string Node)> owners, Node node, IpEndpoint endpoint)
    {
        var low = 0;
        var high = owners.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (owners[middle].Prefix.First <= endpoint.Address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low > 0 && owners[low - 1].Prefix.Contains(endpoint.Address))
        {
            throw new OperatorException(
                $"endpoint {endpoint} of node '{node.Name}' lies in pod CIDR {owners[low - 1].Prefix} of node '{owners[low - 1].Node}'");
        }
    }
}
