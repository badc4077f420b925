using CniTun.Cni;
using CniTun.Endpoint.Configuration;
using CniTun.Ipam;

namespace CniTun.Endpoint.Addressing;

/// <summary>Chooses where addresses come from by the key <c>ipam.type</c>.</summary>
internal static class AddressManagement
{
    private const string BuiltIn = "cnitun";

    public static IAddressManagement Choose(
        CniRequest request,
        NetworkConfiguration configuration,
        LeaseStore store,
        Attachment attachment) => configuration.Ipam.Type switch
        {
            null or "" => new NoAddresses(),
            BuiltIn => new LeasedAddresses(request, configuration, store, attachment),
            var type => new DelegatedAddresses(request, configuration, type),
        };

    /// <summary>Gets the plugin that addresses come from, if it is another. What cannot name one has given nothing that could be released.</summary>
    public static IAddressManagement? Delegate(CniRequest request, NetworkConfiguration configuration) =>
        configuration.Ipam.Type is { Length: > 0 } type and not BuiltIn && NetworkSettings.IsPlugin(type)
            ? new DelegatedAddresses(request, configuration, type)
            : null;
}
