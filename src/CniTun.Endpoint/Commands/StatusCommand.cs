using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;

namespace CniTun.Endpoint.Commands;

/// <summary>Says whether an ADD could succeed now and whether those that were added still have what they need, without making anything that lasts but the lease directory.</summary>
internal sealed class StatusCommand(CniRequest request)
{
    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request, configuration);
        using var store = OpenStore(settings);
        AddressManagement.Choose(request, configuration, store, default).Status();
        if (settings.NeedsFirewall)
        {
            using var firewall = NodeFirewall.Open(settings.Name, settings.DataDirectory);
            if (firewall.Lost(settings.Masquerade, settings.CheckSpoofing) is { } lost)
            {
                throw EndpointErrors.FirewallLost(settings.Name, lost);
            }
        }
    }

    private static AttachmentStore OpenStore(NetworkSettings settings)
    {
        try
        {
            return AttachmentStore.Open(settings.DataDirectory, settings.Name);
        }
        catch (CniException unusable) when (unusable.Code == CniErrorCode.LeaseStoreFailed)
        {
            throw EndpointErrors.NotReady(unusable.Message, unusable.Details);
        }
    }
}
