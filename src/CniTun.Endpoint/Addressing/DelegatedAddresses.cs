using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Linux;
using CniTun.Linux.Processes;

namespace CniTun.Endpoint.Addressing;

/// <summary>Addresses from another IPAM plugin, executed as the specification says ("Plugin Delegation").</summary>
internal sealed class DelegatedAddresses(CniRequest request, NetworkConfiguration configuration, string type) : IAddressManagement
{
    private const int LargestAnswerBytes = 4 * 1024 * 1024;

    public CniResult Allocate()
    {
        var json = new JsonCursor(Execute(CniCommand.Add), $"the result of IPAM plugin {type}");
        var result = ResultReader.Read(ref json);
        if (result.Ips.Count == 0)
        {
            throw EndpointErrors.DelegateFailed(type, "it gave no address", "correct its configuration, or remove ipam for a link without addresses");
        }

        NetworkSettings.CheckAddresses(request, configuration, [.. result.Ips.Select(ip => ip.Address.Address.IsIPv6)]);
        return result;
    }

    public void Release() => Execute(CniCommand.Del);

    public void Check(CniResult expected) => Execute(CniCommand.Check);

    public void Collect() => Execute(CniCommand.Gc);

    public void Status() => Execute(CniCommand.Status);

    private byte[] Execute(CniCommand command)
    {
        if (request.Version < command.Since())
        {
            return [];
        }

        var path = Find();
        ChildResult answer;
        try
        {
            answer = ChildProcess.Run(path, EnvironmentFor(command), request.Configuration.Span, LargestAnswerBytes);
        }
        catch (LinuxException failure)
        {
            throw EndpointErrors.DelegateFailed(type, failure.Message, "check the file and that it may be executed", failure);
        }

        return answer.ExitCode == 0 ? answer.Output : throw DelegateError.Read(type, command, answer);
    }

    private Dictionary<string, string> EnvironmentFor(CniCommand command) => new(StringComparer.Ordinal)
    {
        ["CNI_COMMAND"] = command.Text(),
        ["CNI_CONTAINERID"] = request.Arguments.ContainerId,
        ["CNI_NETNS"] = request.Arguments.NetworkNamespace,
        ["CNI_IFNAME"] = request.Arguments.InterfaceName,
        ["CNI_ARGS"] = request.Arguments.ExtraText,
        ["CNI_PATH"] = string.Join(':', request.Arguments.PluginDirectories),
    };

    private string Find()
    {
        foreach (var directory in request.Arguments.PluginDirectories)
        {
            if (File.Exists($"{directory}/{type}"))
            {
                return $"{directory}/{type}";
            }
        }

        throw EndpointErrors.DelegateFailed(
            type,
            request.Arguments.PluginDirectories.Count == 0 ? "CNI_PATH is not set" : $"it is in none of {string.Join(':', request.Arguments.PluginDirectories)}",
            "install the plugin, or use the built-in IPAM: \"type\": \"cnitun\"");
    }
}
