using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Commands;

/// <summary>Says whether an ADD could succeed now and whether those that were added still have what they need, without making anything that lasts but the lease directory.</summary>
internal sealed class StatusCommand(CniRequest request)
{
    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var settings = NetworkSettings.From(request, configuration);
        try
        {
            using var store = LeaseStore.Open(settings.DataDirectory, settings.Name);
            AddressManagement.Choose(request, configuration, store, default).Status();
        }
        catch (LinuxException unusable)
        {
            var failure = EndpointErrors.LeaseStoreFailed(settings.DataDirectory, unusable);
            throw EndpointErrors.NotReady(failure.Message, failure.Details);
        }

        if (settings.NeedsFirewall)
        {
            using var firewall = NodeFirewall.Open(settings.Name, settings.DataDirectory);
            if (firewall.Lost(settings.Masquerade, settings.CheckSpoofing) is { } lost)
            {
                throw EndpointErrors.FirewallLost(settings.Name, lost);
            }
        }
    }
}
