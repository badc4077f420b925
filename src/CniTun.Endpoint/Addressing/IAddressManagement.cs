using CniTun.Cni;

namespace CniTun.Endpoint.Addressing;

/// <summary>Where a container's addresses come from: our own leases, another plugin, or nowhere.</summary>
internal interface IAddressManagement
{
    /// <summary>Gets addresses, with routes and name servers that go with them.</summary>
    /// <exception cref="CniException">What failed; <see cref="Release"/> is still to be called.</exception>
    CniResult Allocate();

    /// <summary>Gives the addresses back; no error if there are none.</summary>
    void Release();

    /// <summary>Fails if the addresses of the result are not the container's.</summary>
    void Check(CniResult expected);

    /// <summary>Gives back what belongs to attachments that are not valid any more.</summary>
    void Collect();

    /// <summary>Fails if no address could be given now.</summary>
    void Status();
}
