using CniTun.Cni;
using CniTun.Endpoint.Commands;
using CniTun.Endpoint.Configuration;
using CniTun.Linux;

namespace CniTun.Endpoint;

/// <summary>The commands of the plugin. What the kernel refuses, of the network or of the files of leases, becomes an answer here, in one place.</summary>
/// <param name="standardError">Takes a line for whoever debugs; not part of the answer.</param>
/// <param name="mayFork">Whether this process has one thread and ends after the command: see <see cref="Linux.Netlink.LinkRemoval"/>.</param>
public sealed class EndpointCommands(Action<string> standardError, bool mayFork = false) : ICniCommands
{
    public void Add(CniRequest request, Action<CniResult> deliver) => Translated(request, () =>
    {
        new AddCommand(request, standardError).Execute(deliver);
        return true;
    });

    public void Del(CniRequest request) => Translated(request, () =>
    {
        new DelCommand(request, mayFork).Execute();
        return true;
    });

    public void Check(CniRequest request) => Translated(request, () =>
    {
        new CheckCommand(request).Execute();
        return true;
    });

    public void Gc(CniRequest request) => Translated(request, () =>
    {
        new GcCommand(request, mayFork).Execute();
        return true;
    });

    public void Status(CniRequest request) => Translated(request, () =>
    {
        new StatusCommand(request).Execute();
        return true;
    });

    private static T Translated<T>(CniRequest request, Func<T> command)
    {
        try
        {
            return command();
        }
        catch (LinuxException refused)
        {
            // A path below the leases' directory is theirs; anything else is the kernel's network.
            var leases = NetworkSettings.DataDirectoryOf(ConfigurationReader.Read(request.Configuration.Span));
            throw refused.Subject == leases || refused.Subject.StartsWith(leases + '/', StringComparison.Ordinal)
                ? EndpointErrors.LeaseStoreFailed(leases, refused)
                : EndpointErrors.KernelRefused(request.Arguments, refused);
        }
    }
}
