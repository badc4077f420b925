using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;

namespace CniTun.Endpoint.Commands;

/// <summary>Says whether an ADD could succeed now, without making anything that lasts but the lease directory.</summary>
internal sealed class StatusCommand(CniRequest request)
{
    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request, configuration);
        using var store = OpenStore(settings);
        AddressManagement.Choose(request, configuration, store, default).Status();
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
