using CniTun.Cni;

namespace CniTun.Endpoint.Addressing;

/// <summary>A network whose containers get a link and nothing more.</summary>
internal sealed class NoAddresses : IAddressManagement
{
    public CniResult Allocate() => new();

    public void Release()
    {
        // There is nothing to give back.
    }

    public void Check(CniResult expected)
    {
        // Addresses that something else gave are its own to check.
    }

    public void Collect()
    {
        // There is nothing to collect.
    }

    public void Status()
    {
        // Nothing can be lacking.
    }
}
