using CniTun.Cni;
using CniTun.Endpoint.Addressing;
using CniTun.Endpoint.Configuration;
using CniTun.Endpoint.Firewall;
using CniTun.Ipam;
using CniTun.Linux;
using CniTun.Linux.Netlink;

namespace CniTun.Endpoint.Commands;

/// <summary>
/// Removes everything of the network that belongs to no valid attachment: host ends and addresses of containers whose DEL never came.
/// </summary>
/// <remarks>Goes on when something cannot be removed, and says at the end what that was.</remarks>
internal sealed class GcCommand(CniRequest request, bool mayFork)
{
    private readonly List<string> failures = [];

    public void Execute()
    {
        var configuration = ConfigurationReader.Read(request.Configuration.Span);
        var valid = ReadValid(configuration);
        using var host = RouteNetlink.Open();
        using var removal = LinkRemoval.Open(mayFork);
        var dataDirectory = NetworkSettings.DataDirectoryOf(configuration);
        using var store = LeaseStore.TryOpen(dataDirectory, request.NetworkName);
        var gone = (store?.Attachments() ?? []).Where(attachment => !valid.Contains(attachment)).ToList();

        // Before the elements that they speak of: while a record is there, others may put those back.
        gone.ForEach(attachment => Try(attachment.ToString(), () => store!.Records.TakeEndpoint(attachment)));

        // Before the leases: as long as one is there, DEL and GC know of whom to look for more.
        using (var firewall = NodeFirewall.Open(request.NetworkName, dataDirectory))
        {
            Try("masquerade", () => firewall.Masquerade.RemoveAllBut(valid));
            Try("guard against forged MACs", () => firewall.SpoofCheck.RemoveAllBut(valid));
            Try("packet filter of the others", firewall.Restore);
        }

        foreach (var attachment in gone)
        {
            Try(attachment.ToString(), () => DeleteHostEnd(host, removal, attachment));
            Try(attachment.ToString(), () => store!.Release(attachment));
        }

        Try("leases without a record", () => store?.ReleaseUnrecorded(lease => !valid.Contains(lease.Attachment)));
        CollectUnrecorded(host, removal, valid);
        if (AddressManagement.Delegate(request, configuration) is { } addressing)
        {
            Try("addresses", addressing.Collect);
        }

        if (failures.Count > 0)
        {
            throw EndpointErrors.CollectionIncomplete(failures);
        }
    }

    private static HashSet<Attachment> ReadValid(NetworkConfiguration configuration)
    {
        var valid = new HashSet<Attachment>();
        foreach (var listed in configuration.ValidAttachments ?? throw EndpointErrors.NoValidAttachments())
        {
            valid.Add(new Attachment(listed.ContainerId, listed.InterfaceName));
        }

        return valid;
    }

    /// <summary>Leaves alone what another network finished under the same name: then our record is that of an ADD which was killed.</summary>
    private void DeleteHostEnd(RouteNetlink host, LinkRemoval removal, Attachment attachment)
    {
        if (new HostEnd(host, attachment).Find(request.NetworkName) is { } link)
        {
            removal.Delete(link);
        }
    }

    /// <summary>Removes host ends of this network whose record was lost, as when somebody emptied /run.</summary>
    private void CollectUnrecorded(RouteNetlink host, LinkRemoval removal, HashSet<Attachment> valid)
    {
        var kept = valid.Select(EndpointNames.HostVeth).ToHashSet(StringComparer.Ordinal);
        foreach (var link in host.Links.List())
        {
            if (EndpointNames.OwnerOf(link, request.NetworkName) is not null && !kept.Contains(link.Name))
            {
                Try(link.Name, () => removal.Delete(link));
            }
        }
    }

    private void Try(string subject, Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (failure is LinuxException or CniException)
        {
            failures.Add($"{subject}: {failure.Message}");
        }
    }
}
