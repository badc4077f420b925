using CniTun.Linux.Nftables;
using CniTun.Linux.Processes;

using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>
/// Removes interfaces of one network namespace and returns when they are gone, which is long before the kernel says that it is done.
/// </summary>
/// <remarks>
/// <para>The kernel answers RTM_DELLINK 10 to 20 ms after the link is off every list: until then it waits for grace periods to free its memory
/// (netdev_run_todo, net/core/dev.c), and keeps the sender in the call. Those who listen to RTNLGRP_LINK hear of it when the name is free and
/// the lists no longer hold the link, still under the lock that every later change waits for. So a forked child sends the request, and we
/// listen (<see cref="SendingChild"/>): as soon as this returns, a new link may have the name, and nobody finds the old one.</para>
/// <para>The request names the link by its index, which the kernel does not use again: a child that comes late, because we were killed
/// and our work was done again, finds nothing, and removes nothing of a successor with the same name.</para>
/// <para>The kernel's answer goes to the socket that we read, whoever sent the request: a refusal is heard at once. If there is no child, or
/// it ends unheard, the request is made again by us, and waited for.</para>
/// <para>Owned by whoever opened it; for one thread. Belongs to the namespace in which it was opened.</para>
/// </remarks>
public sealed class LinkRemoval : IDisposable
{
    private const int PatienceMilliseconds = 50;

    private readonly NetlinkSocket socket;
    private readonly bool mayFork;
    private readonly List<int> children = [];

    private LinkRemoval(NetlinkSocket socket, bool mayFork)
    {
        this.socket = socket;
        this.mayFork = mayFork;
    }

    /// <summary>Opens the calling thread's network namespace.</summary>
    /// <param name="mayFork">Whether this process has one thread and soon ends; else removals wait until the kernel is done.</param>
    /// <exception cref="LinuxException">EMFILE.</exception>
    public static LinkRemoval Open(bool mayFork)
    {
        var opened = NetlinkSocket.Open(NetlinkConstants.NETLINK_ROUTE, RouteNetlink.NameOf);
        try
        {
            if (mayFork)
            {
                opened.Join(RTNLGRP_LINK);
            }

            return new LinkRemoval(opened, mayFork);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Removes an interface; the far end of a veth goes with it.</summary>
    /// <param name="link">As it was found in the namespace.</param>
    /// <param name="firewall">
    /// If given: done with, and about to be disposed. The kernel keeps whoever closes such a socket after a removal until a grace period is over,
    /// so that is left to the child, too.
    /// </param>
    /// <returns>False if it was gone already.</returns>
    /// <exception cref="LinuxException">The kernel refused for another reason than ENODEV.</exception>
    public bool Delete(Link link, NftablesNetlink? firewall = null)
    {
        children.RemoveAll(SendingChild.HasEnded);
        var request = LinkRequests.Delete(stackalloc byte[NetlinkSocket.RequestBytes], link.Index);
        var message = socket.Prepare(ref request);
        var child = mayFork ? SendingChild.Start(socket.Descriptor, message, firewall?.Descriptor ?? -1) : -1;
        return child < 0 ? DeleteAndWait(link) : Listen(link, child);
    }

    public void Dispose() => socket.Dispose();

    private bool Listen(Link link, int child)
    {
        try
        {
            while (true)
            {
                var ended = SendingChild.HasEnded(child);
                if (socket.Await(ended ? 0 : PatienceMilliseconds))
                {
                    if (ReadVerdict(link) is { } deleted)
                    {
                        if (!ended)
                        {
                            children.Add(child);
                        }

                        return deleted;
                    }
                }
                else if (ended)
                {
                    break;
                }
            }
        }
        catch (LinuxException overrun) when (overrun.Errno == Errno.ENOBUFS)
        {
            // More happened to links than the socket holds, and ours may have been among it.
        }

        // Deaf to the others meanwhile: their news must not push the answer out. Gone already means here that the child did remove it.
        socket.Leave(RTNLGRP_LINK);
        _ = DeleteAndWait(link);
        socket.Join(RTNLGRP_LINK);
        return true;
    }

    /// <summary>Reads what is there; null if nothing of it is about the link.</summary>
    private bool? ReadVerdict(Link link)
    {
        var reader = socket.Read(nameof(RTM_DELLINK), link.Name);
        while (reader.MoveNext())
        {
            var message = reader.Current;
            if (socket.IsAcknowledgement(message))
            {
                return IsAccepted(message, link);
            }

            // A bridge says that it lost a port by the same message with its own family.
            var header = message.Fixed<LinkHeader>();
            if (message.Header.Type == RTM_DELLINK && header.Family == AF_UNSPEC && header.Index == link.Index)
            {
                return true;
            }
        }

        return null;
    }

    /// <summary>Says false if the link was gone already.</summary>
    private static bool IsAccepted(NetlinkMessage acknowledgement, Link link)
    {
        if (NetlinkVerdict.ErrnoOf(acknowledgement) == Errno.ENODEV)
        {
            return false;
        }

        NetlinkVerdict.ThrowIfRefused(acknowledgement, nameof(RTM_DELLINK), link.Name);
        return true;
    }

    private bool DeleteAndWait(Link link)
    {
        var request = LinkRequests.Delete(stackalloc byte[NetlinkSocket.RequestBytes], link.Index);
        return socket.TryExecute(ref request, link.Name, Errno.ENODEV);
    }
}
