using CniTun.Addresses;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>The IPv6 multicast groups that the interfaces of one namespace listen to.</summary>
public sealed class MulticastGroups
{
    private readonly NetlinkSocket socket;

    internal MulticastGroups(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Gets the group by which neighbours ask for the Ethernet address of an IPv6 address (RFC 4291, 2.7.1).</summary>
    public static IpAddress SolicitedNode(IpAddress address) =>
        IpAddress.FromIPv6(IpAddress.Parse("ff02::1:ff00:0").Value | (address.Value & 0xff_ffff));

    /// <summary>Waits until neighbours that ask for an address of the interface are heard, or until a second is over.</summary>
    /// <remarks>
    /// The kernel joins the group on a work queue, some time after it took the address, even without duplicate address detection; a question that
    /// comes before is not heard and is repeated only a second later.
    /// </remarks>
    /// <returns>False if the second was not enough.</returns>
    public bool AwaitSolicitedNode(Link link, IpAddress address)
    {
        const int patienceMilliseconds = 1000;
        var deadline = Environment.TickCount64 + patienceMilliseconds;
        using var never = new ManualResetEventSlim();
        while (!List(link).Contains(SolicitedNode(address)))
        {
            if (Environment.TickCount64 >= deadline)
            {
                return false;
            }

            never.Wait(TimeSpan.FromMilliseconds(1));
        }

        return true;
    }

    /// <summary>Lists the groups of an interface.</summary>
    public IReadOnlyList<IpAddress> List(Link link)
    {
        var request = new NetlinkWriter(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETMULTICAST, NLM_F_REQUEST | NLM_F_DUMP);
        request.Append(new AddressHeader { Family = AF_INET6, Index = (uint)link.Index });
        var index = link.Index;
        return socket.Dump<IpAddress>(ref request, $"groups of {link.Name}", (message, list) =>
        {
            if (message.Fixed<AddressHeader>().Index != index)
            {
                return;
            }

            var attributes = message.After<AddressHeader>();
            while (attributes.MoveNext())
            {
                if (attributes.Type == IFA_MULTICAST && attributes.IpAddress is { } group)
                {
                    list.Add(group);
                }
            }
        });
    }
}
