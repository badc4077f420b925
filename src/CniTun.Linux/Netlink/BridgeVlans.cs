using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>A VLAN that a port of a bridge carries.</summary>
/// <param name="Id">1 to 4094.</param>
/// <param name="IsAccess">Whether frames that come in without a tag are of it (PVID): at most one VLAN of a port.</param>
/// <param name="IsUntagged">Whether its frames go out without a tag.</param>
public readonly record struct PortVlan(ushort Id, bool IsAccess, bool IsUntagged)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"VLAN {Id} ({(IsAccess ? "untagged in and out" : IsUntagged ? "untagged out" : "tagged")})");
}

/// <summary>Which VLANs the ports of a bridge carry.</summary>
/// <remarks>A kernel without CONFIG_BRIDGE_VLAN_FILTERING refuses with EOPNOTSUPP, one older than 5.6 the list.</remarks>
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

    /// <summary>Lists the VLANs that a port carries, in ascending order.</summary>
    /// <exception cref="LinuxException">EOPNOTSUPP. EINVAL: not a port of a bridge.</exception>
    public IReadOnlyList<PortVlan> List(Link port)
    {
        var request = ListRequest(stackalloc byte[NetlinkSocket.RequestBytes], port.Index);
        return socket.Dump<PortVlan>(ref request, port.Name, static (message, list) =>
        {
            var attributes = message.After<BridgeVlanHeader>();
            while (message.Header.Type == RTM_NEWVLAN && attributes.MoveNext())
            {
                if (attributes.Type == BRIDGE_VLANDB_ENTRY)
                {
                    ReadEntry(attributes.Nested, list);
                }
            }
        });
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
    /// <returns>False if the port did not carry it.</returns>
    public bool Delete(Link port, ushort vlanId)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK);
        AppendVlans(ref request, port.Index, vlanId, vlanId, flags: 0);
        return socket.TryExecute(ref request, port.Name, Errno.ENOENT);
    }

    internal static NetlinkWriter ListRequest(Span<byte> buffer, int portIndex)
    {
        var message = new NetlinkWriter(buffer, RTM_GETVLAN, NLM_F_REQUEST | NLM_F_DUMP);
        message.Append(new BridgeVlanHeader { Family = AF_BRIDGE, Index = portIndex });
        return message;
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

    /// <summary>An entry is one VLAN, or a stretch of them that are carried alike.</summary>
    private static void ReadEntry(NetlinkAttributes entry, List<PortVlan> list)
    {
        var first = default(BridgeVlanInfo);
        ushort last = 0;
        while (entry.MoveNext())
        {
            if (entry.Type == BRIDGE_VLANDB_ENTRY_INFO && entry.Value.Length >= Unsafe.SizeOf<BridgeVlanInfo>())
            {
                first = MemoryMarshal.Read<BridgeVlanInfo>(entry.Value);
            }
            else if (entry.Type == BRIDGE_VLANDB_ENTRY_RANGE)
            {
                last = entry.UInt16;
            }
        }

        for (int id = first.VlanId; id > 0 && id <= Math.Max(first.VlanId, last); id++)
        {
            list.Add(new PortVlan(
                (ushort)id,
                (first.Flags & BRIDGE_VLAN_INFO_PVID) != 0,
                (first.Flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0));
        }
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
