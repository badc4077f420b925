using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>Which VLANs the ports of a bridge carry.</summary>
/// <remarks>A kernel without CONFIG_BRIDGE_VLAN_FILTERING refuses with EOPNOTSUPP.</remarks>
public sealed class BridgeVlans
{
    private readonly NetlinkSocket socket;

    internal BridgeVlans(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Makes a bridge look at VLANs.</summary>
    public void EnableFiltering(Link bridge)
    {
        var request = FilteringRequest(stackalloc byte[NetlinkSocket.RequestBytes], bridge.Index);
        socket.Execute(ref request, bridge.Name);
    }

    /// <summary>Lets a port carry one VLAN as its own: untagged frames are of it.</summary>
    /// <param name="port">A port of a bridge.</param>
    /// <param name="vlanId">1 to 4094.</param>
    /// <exception cref="LinuxException">EOPNOTSUPP: no VLAN filtering in this kernel. EINVAL: out of range.</exception>
    public void AddAccess(Link port, ushort vlanId)
    {
        var request = AddRequest(
            stackalloc byte[NetlinkSocket.RequestBytes],
            port.Index,
            vlanId,
            vlanId,
            BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
        socket.Execute(ref request, port.Name);
    }

    /// <summary>Lets a port carry VLANs with their tags.</summary>
    /// <param name="port">A port of a bridge.</param>
    /// <param name="first">1 to 4094.</param>
    /// <param name="last">Itself included.</param>
    /// <exception cref="LinuxException">As <see cref="AddAccess"/>.</exception>
    public void AddTagged(Link port, ushort first, ushort last)
    {
        var request = AddRequest(stackalloc byte[NetlinkSocket.RequestBytes], port.Index, first, last, flags: 0);
        socket.Execute(ref request, port.Name);
    }

    /// <summary>Takes a VLAN from a port.</summary>
    /// <exception cref="LinuxException">ENOENT: the port does not carry it.</exception>
    public void Delete(Link port, ushort vlanId)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK);
        AppendVlans(ref request, port.Index, vlanId, vlanId, flags: 0);
        socket.Execute(ref request, port.Name);
    }

    internal static NetlinkWriter FilteringRequest(Span<byte> buffer, int bridgeIndex)
    {
        var message = new NetlinkWriter(buffer, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
        message.Append(new LinkHeader { Index = bridgeIndex });
        var info = message.Begin(IFLA_LINKINFO);
        {
            message.Attribute(IFLA_INFO_KIND, "bridge");
            var data = message.Begin(IFLA_INFO_DATA);
            {
                message.Attribute(IFLA_BR_VLAN_FILTERING, (byte)1);
            }

            message.End(data);
        }

        message.End(info);
        return message;
    }

    internal static NetlinkWriter AddRequest(Span<byte> buffer, int portIndex, ushort first, ushort last, ushort flags)
    {
        var message = new NetlinkWriter(buffer, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
        AppendVlans(ref message, portIndex, first, last, flags);
        return message;
    }

    private static void AppendVlans(ref NetlinkWriter message, int portIndex, ushort first, ushort last, ushort flags)
    {
        message.Append(new LinkHeader { Family = AF_BRIDGE, Index = portIndex });
        var specification = message.Begin(IFLA_AF_SPEC);
        {
            if (first == last)
            {
                AppendVlan(ref message, first, flags);
            }
            else
            {
                AppendVlan(ref message, first, (ushort)(flags | BRIDGE_VLAN_INFO_RANGE_BEGIN));
                AppendVlan(ref message, last, (ushort)(flags | BRIDGE_VLAN_INFO_RANGE_END));
            }
        }

        message.End(specification);
    }

    private static void AppendVlan(ref NetlinkWriter message, ushort vlanId, ushort flags)
    {
        Span<byte> value = stackalloc byte[Unsafe.SizeOf<BridgeVlanInfo>()];
        MemoryMarshal.Write(value, new BridgeVlanInfo { Flags = flags, VlanId = vlanId });
        message.Attribute(IFLA_BRIDGE_VLAN_INFO, value);
    }
}
